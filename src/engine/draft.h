// One way of using memory, and what it takes. Pure arithmetic on a model's figures.
#pragma once

#include <array>
#include <cstddef>

#include "engine/model_needs.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// Positions that a question takes beside its picture and its answer: system prompt, template, the words.
inline constexpr int kTypicalQuestionTokens = 96;
inline constexpr int kSmallestBatch = 32;
inline constexpr int kShortestAnswer = 64;  // tokens; a sentence or two still fits

/// Begins with nothing given up. What it is made from must outlive it.
class Draft {
 public:
  Draft(const ModelNeeds& needs, const MemoryConfiguration& configuration, const MemoryBudget& budget);

  /// Gives up `what`, or more of it. False where there is nothing (more) of it to give up; then it stays as
  /// it is.
  bool concede(Concession what);

  /// The plan that this way is, without its list of concessions. Fails when `needs.context` does.
  Expected<MemoryPlan> weigh() const;

 private:
  // Memory at one moment of a question, by holder.
  using Holders = std::array<std::size_t, kMemoryHolderCount>;
  // What a moment may not pass, and what of it counts there.
  struct Bound {
    const char* name;
    std::size_t limit;
    std::size_t taken;
  };

  bool has_vision() const { return needs_.vision.weights > 0; }
  bool takes_turns() const { return settings_.streamed_text_resident_bytes.has_value(); }
  bool take_turns();
  const TextWeightNeeds& text() const;

  std::size_t kept_prompt_bytes(const ContextBytes& context) const;
  Holders looking(const ContextBytes& context) const;
  Holders answering(const ContextBytes& context) const;
  void bring_layers_back(Holders& answer, MemoryPlan& plan) const;
  std::array<Bound, 3> bounds(const Holders& moment) const;
  void note(const Holders& moment, MemoryPlan& plan) const;

  const ModelNeeds& needs_;
  const MemoryConfiguration& configuration_;
  const MemoryBudget& budget_;
  const PictureNeeds picture_;
  EngineSettings settings_;
  int max_tokens_;
  bool may_stream_ = false;  // layers may stay in the file; otherwise all come back after the picture
};

}  // namespace plimsoll::engine
