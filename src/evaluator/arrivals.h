// Loads and generations that were accepted and are not begun yet, in the order in which they came.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/picture_ahead.h"
#include "evaluator/text_stream.h"
#include "plimsoll/cancel.h"
#include "plimsoll/evaluator.h"

namespace plimsoll {

/// One of them, until its caller has what came of it. The engine's thread writes it until it closes the
/// stream.
struct Job {
  const GenerationRequest* request = nullptr;  // nullptr: only the model is wanted
  CancelFlagPtr cancel;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  TextStream stream{};
  std::shared_ptr<void> model{};                    // while this lives, the model stays
  std::unique_ptr<engine::PictureAhead> picture{};  // decoded while the model was loaded, until it is read
  double load_ms = 0;
  Expected<GenerationResult> result = GenerationResult{};
};
using JobPtr = std::shared_ptr<Job>;

/// Thread-safe.
class Arrivals {
 public:
  void push(JobPtr job);

  /// nullptr: nobody waits, or they are held back.
  JobPtr next();
  bool is_next() const;

  /// Those whom nobody wants any more leave.
  std::vector<JobPtr> take_cancelled();

  /// Whatever is to happen before any of them is begun holds them back; as often as it releases them.
  void hold();
  void release();

  /// Tells all of them how far a load is.
  void report(float share, const std::string& what);

 private:
  mutable std::mutex mutex_;
  std::deque<JobPtr> waiting_;
  int holds_ = 0;
};

}  // namespace plimsoll
