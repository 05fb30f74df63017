#include "base/spawn_settings.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace plimsoll {

SpawnSettings::SpawnSettings(std::initializer_list<PassedDescriptor> passed,
                             std::initializer_list<int> blocked) {
  posix_spawn_file_actions_init(&actions_);
  posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (const PassedDescriptor& each : passed) {
    posix_spawn_file_actions_adddup2(&actions_, each.ours, each.theirs);
  }
  short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#ifdef __APPLE__
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
  posix_spawn_file_actions_addinherit_np(&actions_, STDERR_FILENO);
#else
  const int last = passed.size() == 0 ? STDERR_FILENO : (passed.end() - 1)->theirs;
  posix_spawn_file_actions_addclosefrom_np(&actions_, (last > STDERR_FILENO ? last : STDERR_FILENO) + 1);
#endif
  posix_spawnattr_init(&attributes_);
  posix_spawnattr_setflags(&attributes_, flags);
  posix_spawnattr_setpgroup(&attributes_, 0);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : blocked) sigaddset(&signals, signal);
  posix_spawnattr_setsigmask(&attributes_, &signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals, signal);
  posix_spawnattr_setsigdefault(&attributes_, &signals);
}

SpawnSettings::~SpawnSettings() {
  posix_spawnattr_destroy(&attributes_);
  posix_spawn_file_actions_destroy(&actions_);
}

}  // namespace plimsoll
