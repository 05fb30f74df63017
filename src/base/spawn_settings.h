// How posix_spawn(3) is to start a program: what it has open, and which signals reach it.
#pragma once

#include <spawn.h>

#include <initializer_list>

namespace plimsoll {

/// A descriptor of ours under the number that it has in the new program.
struct PassedDescriptor {
  int ours;
  int theirs;
};

/// The program is in a process group of its own, so that Ctrl-C reaches us alone and we end it. Its stdin is
/// empty, and nothing of ours is open in it but what is passed. None of our blocked or ignored signals are
/// its own. Owns what posix_spawn(3) reads.
class SpawnSettings {
 public:
  /// `passed` in ascending order of `theirs`, stdin not among them. `blocked`: signals that the program has
  /// to ask for.
  SpawnSettings(std::initializer_list<PassedDescriptor> passed, std::initializer_list<int> blocked = {});
  ~SpawnSettings();
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace plimsoll
