#include "prove/caller_time.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace plimsoll::prove {
namespace {

using namespace std::chrono_literals;

void compute_for(std::chrono::milliseconds time) {
  timespec began{}, now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
  const auto elapsed = [&] {
    return std::chrono::seconds(now.tv_sec - began.tv_sec) +
           std::chrono::nanoseconds(now.tv_nsec - began.tv_nsec);
  };
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (elapsed() < time);
}

TEST(CallerTime, CountsWhatTheThreadComputes) {
  const CallerTime time;
  compute_for(5ms);
  EXPECT_GE(time.blocked_ms(), 5);
}

TEST(CallerTime, CountsWhatTheThreadSleeps) {
  std::promise<void> done;
  std::thread other([&] {
    compute_for(10ms);
    done.set_value();
  });
  const CallerTime time;
  done.get_future().wait();
  const double blocked_ms = time.blocked_ms();
  other.join();
  EXPECT_GE(blocked_ms, 5);
}

TEST(CallerTime, OfNothingIsNothing) {
  const CallerTime time;
  EXPECT_LT(time.blocked_ms(), 1);
}

}  // namespace
}  // namespace plimsoll::prove
