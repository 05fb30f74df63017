#include "prove/caller_time.h"

#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <fstream>

namespace plimsoll::prove {

namespace {

using std::chrono::nanoseconds;

// Voluntary context switches: none means that the thread never slept.
std::int64_t sleeps() {
#ifdef RUSAGE_THREAD
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) == 0) return usage.ru_nvcsw;
#endif
  return -1;
}

nanoseconds busy() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

}  // namespace

// proc(5): time on the processor, time waiting for it, timeslices.
nanoseconds waited_for_processor() {
  std::ifstream statistics("/proc/thread-self/schedstat");
  std::int64_t ran = 0, waited = 0;
  return statistics >> ran >> waited ? nanoseconds(waited) : nanoseconds(0);
}

CallerTime::CallerTime()
    : waited_(waited_for_processor()),
      sleeps_(sleeps()),
      busy_(busy()),
      began_(std::chrono::steady_clock::now()) {}

double CallerTime::blocked_ms() const {
  const nanoseconds whole = std::chrono::steady_clock::now() - began_;
  const nanoseconds ran = busy() - busy_;
  const bool slept = sleeps_ < 0 || sleeps() != sleeps_;
  const nanoseconds elsewhere = slept ? waited_for_processor() - waited_ : whole - ran;
  return std::chrono::duration<double, std::milli>(std::max(ran, whole - elsewhere)).count();
}

}  // namespace plimsoll::prove
