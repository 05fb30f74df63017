// Those who ask a server at the same time: some as they should, some not. Each client belongs to one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "bench/load/questions.h"

namespace plimsoll::bench {

/// What happened, by name. Thread-safe.
class Tally {
 public:
  void count(const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++counts_[what];
  }
  /// A fault, with the first few told in words.
  void fault(const std::string& what, const std::string& detail);
  std::map<std::string, std::uint64_t> counts() const;
  std::uint64_t of(const std::string& what) const;
  std::uint64_t faults() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
  std::uint64_t faults_ = 0;
};

struct Load {
  int port = 0;
  const std::vector<LoadQuestion>& questions;
  Tally& tally;
  std::atomic<bool>& over;
};

/// Each asks on until `load.over`. A good client's answer is right or 429, anything else is a fault.
void ask_well(const Load& load, unsigned seed);
/// A byte now and then, of a head that never ends; the server has to end it.
void ask_slowly(const Load& load, unsigned seed);
/// Gone in the middle: of the request, of the answer, or right after asking.
void ask_and_vanish(const Load& load, unsigned seed);
/// What nobody can answer; anything but a refusal that blames the client is a fault.
void ask_badly(const Load& load, unsigned seed);

}  // namespace plimsoll::bench
