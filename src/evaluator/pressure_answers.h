// What happens when memory is pressed: which parts of the engine can be given back, and how far up the ladder
// each check and each warning of the monitor's climbs.
#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "evaluator/desk_reclaimer.h"
#include "plimsoll/pressure.h"

namespace plimsoll {

class PressureAnswers : public PressureListener {
 public:
  /// What the evaluator does for it, on the engine's thread but for the last one.
  struct Hands {
    std::function<engine::Engine*()> model;  // nullptr: none is there
    std::function<std::size_t()> give_back_model;
    std::function<bool()> plan_holds;   // whether there is still what the plan counted on
    std::function<void()> unload_soon;  // returns at once
  };

  /// Offers what the engine holds to the pool. REQUIRES: `desk` outlives it.
  PressureAnswers(std::shared_ptr<MemoryPool> pool, EngineDesk& desk, Hands hands);

  /// Something else that can be given back. REQUIRES: it lives until finish() has returned.
  void offer(Reclaimer& reclaimer) { registrations_.push_back(pool_->add_reclaimer(reclaimer)); }

  void listen_to(std::shared_ptr<MemoryMonitor> monitor);

  /// Nobody asks for anything any more. Blocking until a running call has ended.
  void finish();

  const ReclaimLadder& ladder() const { return ladder_; }

 private:
  void on_check(MemoryPressure now) override;
  void on_emergency() override;
  std::size_t bytes_above(unsigned percent) const;
  std::size_t held(std::initializer_list<MemoryHolder> holders) const;
  std::size_t give_back_context();

  std::shared_ptr<MemoryPool> pool_;
  Hands hands_;
  std::atomic<bool> emergency_ = false;  // an answer may be shortened
  ReclaimLadder ladder_;
  DeskReclaimer vision_encoder_;
  DeskReclaimer context_;
  DeskReclaimer whole_model_;
  std::shared_ptr<MemoryMonitor> monitor_;
  std::vector<ReclaimRegistration> registrations_;
  PressureSubscription subscription_;
};

}  // namespace plimsoll
