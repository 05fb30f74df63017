#include <unistd.h>

#include <cstdio>
#include <exception>
#include <fstream>

#include "prove/rounds.h"
#include "prove/trial.h"
#include "prove/trial_task.h"
#include "session/session.h"

#ifdef __linux__
#include <sys/prctl.h>

#include <csignal>
#endif

namespace plimsoll::prove {

namespace {

void say(const Event& event) {
  const std::string line = event_line(event) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

bool enter(const std::string& cgroup_processes) {
  if (cgroup_processes.empty()) return true;
  std::ofstream processes(cgroup_processes);
  return static_cast<bool>(processes << getpid() << std::flush);
}

int run(const TrialTask& task) {
  if (!enter(task.cgroup_processes)) {
    say(Failed{"the memory cgroup can not be entered (" + task.cgroup_processes + ")"});
    return 1;
  }
  auto session = session::open_session(task.order.options);
  if (!session) {
    say(Failed{session.error().message});
    return 1;
  }
  do_rounds(*session, task.order.plan, task.order.pictures, say, task.first);
  return 0;
}

}  // namespace

int run_trial_process(const std::string& word) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  try {
    return run(task_from_word(word));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plimsoll: %s\n", error.what());
    return 1;
  }
}

}  // namespace plimsoll::prove
