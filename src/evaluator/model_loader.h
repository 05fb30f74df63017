// How a model comes into memory: opened, planned, filled. All but the last happens on a thread of its own, so
// that who asked for it may stop waiting: llama.cpp reads a vocabulary in one go and hears no cancel
// meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/work_thread.h"
#include "engine/engine.h"
#include "plimsoll/evaluator.h"

namespace plimsoll {

class ModelLoader {
 public:
  /// What the load tells while it goes on, on the thread that waits for it.
  struct Sinks {
    std::function<void(float share)> on_progress;         // of the weights, from 0 to 1
    std::function<void()> meanwhile;                      // every few milliseconds until it is planned
    std::function<void(const MemoryPlan& plan)> on_plan;  // whether it fits or not
  };
  struct Loaded {
    std::unique_ptr<engine::Engine> engine;
    MemoryConfiguration configuration;              // in force: the plan had its say
    std::unique_ptr<engine::PictureAhead> picture;  // of the question it is for; may be nullptr
  };

  /// REQUIRES: `options` has a budget, and outlives this.
  explicit ModelLoader(const EvaluatorOptions& options) : options_(options) {}

  /// Blocking. Fails with `cancelled` some milliseconds after `cancel` is set; what was prepared for nobody
  /// then goes on the other thread, and the next call comes after it. One call at a time. `question` is what
  /// the model is loaded for; nullptr: nobody asks yet.
  Expected<Loaded> load(const std::shared_ptr<MemoryPool>& pool,
                        const std::shared_ptr<engine::QuestionCache>& questions,
                        const GenerationRequest* question, const Sinks& sinks, const CancelFlagPtr& cancel);

  /// Does `work` on the other thread, when what was prepared for nobody has gone. Returns at once.
  void afterwards(std::function<void()> work) { preparing_.post(std::move(work)); }

  /// Blocking, until the other thread has done all that and ended. REQUIRES: nothing is loaded any more.
  void finish() { preparing_.finish(); }

 private:
  // A model whose memory is decided upon, but not taken yet.
  struct Prepared {
    std::unique_ptr<engine::Engine> engine;
    MemoryConfiguration configuration;
    MemoryBudget budget{};
    std::optional<MemoryPlan> plan{};  // empty: nobody asks for one
  };
  Expected<Loaded> load_beside(const engine::PictureAhead* picture, const std::shared_ptr<MemoryPool>& pool,
                               const std::shared_ptr<engine::QuestionCache>& questions, const Sinks& sinks,
                               const CancelFlagPtr& cancel);
  Expected<Prepared> prepare(const std::shared_ptr<MemoryPool>& pool,
                             std::shared_ptr<engine::QuestionCache> questions, bool picture_ahead,
                             const CancelFlagPtr& cancel) const;
  Expected<Prepared> prepare_elsewhere(std::function<Expected<Prepared>()> prepare,
                                       const std::function<void()>& meanwhile, const CancelFlagPtr& cancel);
  Expected<void> plan(Prepared& prepared, const MemoryPool& pool, bool picture_ahead,
                      const CancelFlagPtr& cancel) const;
  MemoryBudget budget_now(const MemoryPool& pool, bool picture_ahead) const;
  Expected<MemoryPlan> make_plan(engine::Engine& engine, MemoryConfiguration& configuration,
                                 const MemoryBudget& budget, const CancelFlagPtr& cancel) const;
  bool leaves_room(const MemoryPlan& plan) const;
  bool plans() const;
  bool has_plenty(const MemoryPool& pool) const;

  const EvaluatorOptions& options_;
  WorkThread preparing_{WorkThread::Priority::normal};
};

}  // namespace plimsoll
