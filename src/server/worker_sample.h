// What a worker said last about its memory, and what goes on when another worker takes its place. Belongs to
// whoever locks it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "report/json.h"
#include "server/media_blame.h"
#include "server/memory_object.h"

namespace plimsoll::server {

class WorkerSample {
 public:
  static constexpr std::size_t kMostReclaims = 256;

  /// Takes a worker's object of GET /v1/memory; its reclaims are those that the one before did not have.
  void take(Json object);
  void take_load(const LoadReport& load);
  /// Nobody holds anything any more. What comes next counts its reclaims from 1 again.
  void lost();

  bool is_loaded() const;
  bool keeps_model() const;
  bool is_pressed() const;
  bool is_pressed_critically() const;
  MediaMemory media() const;
  /// Of the plan in force; empty: the worker has not said.
  std::optional<int> steps_down() const;
  /// That the plan of the latest load has room for; empty: there is none.
  std::optional<std::size_t> answers_at_once() const;

  /// The object as of this process, with this worker, and the reclaims of greater sequence numbers.
  Json object(std::chrono::steady_clock::time_point began, std::uint64_t reclaims_after,
              const WorkerReport& worker) const;
  /// The ledger as `run --json` shows it.
  Json memory() const;

 private:
  Json last_;  // without its reclaims
  std::deque<Json> reclaims_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t counted_before_ = 0;  // reclaims of workers before this one
};

}  // namespace plimsoll::server
