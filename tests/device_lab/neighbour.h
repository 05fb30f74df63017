// A process next to ours in the same memory cgroup that takes and frees memory at random moments, until this
// goes.
//
// It also reads a file of nothing as large as the group, so that page cache fills what is left up to the
// limit: every page that anybody takes must be reclaimed first. That cache can always go; what it takes for
// itself can not, and stays below `most_bytes`.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/device_lab/forked.h"
#include "tests/device_lab/held_memory.h"
#include "tests/device_lab/memory_cgroup.h"

namespace plimsoll::test {

class Neighbour {
 public:
  /// Blocking until the group is full: the storm blows from the first answer on, however fast they are.
  /// REQUIRES: the calling process has one thread.
  Neighbour(const MemoryCgroup& group, std::size_t limit_bytes, std::size_t most_bytes, unsigned seed)
      : process_([&](Line& line) { live(group, limit_bytes, most_bytes, seed, line); }) {
    process_.line().receive<bool>();
  }
  ~Neighbour() { process_.end(); }

 private:
  [[noreturn]] static void live(const MemoryCgroup& group, std::size_t limit_bytes, std::size_t most_bytes,
                                unsigned seed, Line& line) {
    if (!group.enter()) std::_Exit(1);
    std::mt19937 random(seed);
    HeldMemory memory(most_bytes);
    FileOfNothing file(limit_bytes);
    file.read_some(limit_bytes);
    line.send(true);
    constexpr useconds_t kLongestPauseUs = 3000;
    for (;;) {
      memory.hold(random() % most_bytes);
      file.read_some(limit_bytes / 16);
      usleep(static_cast<useconds_t>(random() % kLongestPauseUs));
    }
  }

  // Costs no disk: a hole is read as zeroes into the page cache.
  class FileOfNothing {
   public:
    explicit FileOfNothing(std::size_t bytes) : file_(fileno(tmpfile())), bytes_(bytes) {
      if (ftruncate(file_, static_cast<off_t>(bytes)) != 0) std::_Exit(1);
    }
    void read_some(std::size_t bytes) {
      for (std::size_t done = 0; done < bytes; done += part_.size(), at_ = (at_ + part_.size()) % bytes_) {
        if (pread(file_, part_.data(), part_.size(), static_cast<off_t>(at_)) < 0) std::_Exit(1);
      }
    }

   private:
    int file_;
    std::size_t bytes_;
    std::size_t at_ = 0;
    std::array<char, 65536> part_{};
  };

  Forked process_;
};

}  // namespace plimsoll::test
