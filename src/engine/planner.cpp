#include "engine/planner.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/layers_to_keep.h"
#include "plimsoll/size.h"

namespace plimsoll {

std::string_view to_string(KvType type) {
  switch (type) {
    case KvType::f16:
      return "f16";
    case KvType::q8_0:
      return "q8_0";
    case KvType::q4_0:
      return "q4_0";
  }
  return "unknown";
}

std::string_view to_string(Concession concession) {
  switch (concession) {
    case Concession::vision_on_demand:
      return "vision encoder on demand";
    case Concession::smaller_batch:
      return "smaller batches";
    case Concession::plain_weights:
      return "weights not repacked";
    case Concession::taking_turns:
      return "text weights leave while it looks";
    case Concession::kv_q8_0:
      return "8-bit context";
    case Concession::shorter_answers:
      return "shorter answers";
    case Concession::streamed_weights:
      return "layers streamed from the file";
    case Concession::kv_q4_0:
      return "4-bit context";
  }
  return "unknown";
}

namespace engine {

namespace {

constexpr int kSmallestBatch = 32;
constexpr int kShortestAnswer = 64;  // tokens; a sentence or two still fits

// Memory at one moment of a question, by holder.
using Holders = std::array<std::size_t, kMemoryHolderCount>;

std::size_t& at(Holders& holders, MemoryHolder holder) { return holders[static_cast<std::size_t>(holder)]; }
std::size_t sum(const Holders& holders) {
  return std::accumulate(holders.begin(), holders.end(), std::size_t{0});
}

std::size_t missing(std::size_t wanted, std::size_t there) { return wanted > there ? wanted - there : 0; }

// One way of using memory: the settings, and what they take.
class Draft {
 public:
  Draft(const ModelNeeds& needs, const MemoryConfiguration& configuration, const MemoryBudget& budget)
      : needs_(needs), configuration_(configuration), budget_(budget) {
    plan.max_tokens = configuration.max_tokens;
    plan.settings.repack = needs.repacked.private_bytes > 0;
  }

  MemoryPlan plan;

  /// Returns whether that changes anything.
  bool concede(Concession what);
  /// What the settings take, and whether it fits.
  Expected<void> weigh();

 private:
  bool has_vision() const { return needs_.vision.weights > 0; }
  bool turns() const { return plan.settings.streamed_text_resident_bytes.has_value(); }
  const TextWeightNeeds& text() const {
    if (turns()) return needs_.streamed;
    return plan.settings.repack ? needs_.repacked : needs_.plain;
  }
  Holders looking(const ContextBytes& context) const;
  Holders answering(const ContextBytes& context) const;
  void bring_layers_back(Holders& answer);
  std::size_t room_left(const Holders& holders) const;
  std::size_t private_bytes(const Holders& holders) const;
  void note_missing(const Holders& holders);

  const ModelNeeds& needs_;
  const MemoryConfiguration& configuration_;
  const MemoryBudget& budget_;
  bool may_stream_ = false;  // layers may stay in the file; otherwise all come back after the picture
};

bool Draft::concede(Concession what) {
  EngineSettings& settings = plan.settings;
  const bool has_layers = !needs_.streamed.layer_bytes.empty();
  switch (what) {
    case Concession::vision_on_demand:
      settings.vision = VisionResidency::on_demand;
      return has_vision();
    case Concession::smaller_batch:
      settings.batch_tokens /= 2;
      return settings.batch_tokens >= kSmallestBatch;
    case Concession::plain_weights:
      return std::exchange(settings.repack, false);
    case Concession::taking_turns:
      settings.streamed_text_resident_bytes = 0;
      return has_vision() && has_layers;
    case Concession::kv_q8_0:
      settings.kv_type = KvType::q8_0;
      return true;
    case Concession::shorter_answers:
      plan.max_tokens /= 2;
      return configuration_.strategy == Strategy::fitted && plan.max_tokens >= kShortestAnswer;
    case Concession::streamed_weights:
      settings.streamed_text_resident_bytes = 0;
      may_stream_ = true;
      return has_layers;
    case Concession::kv_q4_0:
      settings.kv_type = KvType::q4_0;
      return true;
  }
  return false;
}

// While a picture is looked at. An encoder that stays finds the context of the question before still there.
Holders Draft::looking(const ContextBytes& context) const {
  Holders look{};
  at(look, MemoryHolder::weights_text) = text().fixed_bytes;
  if (!has_vision()) return look;
  at(look, MemoryHolder::weights_vision) = needs_.vision.weights;
  at(look, MemoryHolder::compute_vision) = needs_.vision.compute;
  at(look, MemoryHolder::media) = needs_.vision.picture.media_bytes;
  at(look, MemoryHolder::cache_images) = needs_.vision.picture.embedding_bytes;
  if (plan.settings.vision == VisionResidency::resident) {
    at(look, MemoryHolder::kv) = context.kv;
    at(look, MemoryHolder::compute_text) = context.compute;
  }
  return look;
}

Holders Draft::answering(const ContextBytes& context) const {
  Holders answer{};
  at(answer, MemoryHolder::weights_text) = text().fixed_bytes;
  at(answer, MemoryHolder::kv) = context.kv;
  at(answer, MemoryHolder::compute_text) = context.compute;
  at(answer, MemoryHolder::cache_images) = needs_.vision.picture.embedding_bytes;
  if (has_vision() && plan.settings.vision == VisionResidency::resident) {
    at(answer, MemoryHolder::weights_vision) = needs_.vision.weights;
    at(answer, MemoryHolder::compute_vision) = needs_.vision.compute;
  }
  return answer;
}

std::size_t Draft::private_bytes(const Holders& holders) const {
  return sum(holders) - (text().fixed_bytes - text().private_bytes) + needs_.heap_bytes;
}

std::size_t Draft::room_left(const Holders& holders) const {
  const std::size_t taken = sum(holders);
  std::size_t room = missing(budget_.growth_bytes, taken + needs_.heap_bytes);
  if (budget_.line_bytes) room = std::min(room, missing(*budget_.line_bytes, taken));
  if (budget_.private_bytes) room = std::min(room, missing(*budget_.private_bytes, private_bytes(holders)));
  return room;
}

void Draft::note_missing(const Holders& holders) {
  const std::size_t taken = sum(holders);
  const std::size_t below_line = budget_.line_bytes ? missing(taken, *budget_.line_bytes) : 0;
  std::size_t on_device = missing(taken + needs_.heap_bytes, budget_.growth_bytes);
  if (budget_.private_bytes) {
    on_device = std::max(on_device, missing(private_bytes(holders), *budget_.private_bytes));
  }
  const std::size_t most = std::max(below_line, on_device);
  if (most <= plan.missing_bytes) return;
  plan.missing_bytes = most;
  plan.missing_from = below_line >= on_device ? "memory limit" : "device";
}

// Layers come last, into the room that the rest leaves.
void Draft::bring_layers_back(Holders& answer) {
  const std::size_t room = may_stream_ ? room_left(answer) : std::numeric_limits<std::size_t>::max();
  const LayersToKeep choice = layers_to_keep(needs_.streamed.layer_bytes, room);
  plan.settings.streamed_text_resident_bytes = choice.bytes;
  plan.streamed_bytes = choice.read_bytes;
  at(answer, MemoryHolder::weights_text) += choice.bytes;
}

Expected<void> Draft::weigh() {
  const int wanted = kTypicalQuestionTokens + needs_.vision.picture.tokens + plan.max_tokens;
  plan.context_tokens = std::min(wanted, needs_.context_length);
  const int batch = std::min(plan.settings.batch_tokens, plan.context_tokens);
  auto context = needs_.context({plan.context_tokens, batch, plan.settings.kv_type});
  if (!context) return tl::unexpected(context.error());

  const Holders look = looking(*context);
  Holders answer = answering(*context);
  if (turns()) bring_layers_back(answer);
  plan.missing_bytes = 0;
  plan.missing_from.clear();
  for (const Holders& moment : {look, answer}) note_missing(moment);
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) plan.holder_bytes[i] = std::max(look[i], answer[i]);
  plan.peak_bytes = std::max(sum(look), sum(answer));
  plan.footprint_bytes = budget_.footprint_bytes + plan.peak_bytes + needs_.heap_bytes;
  return {};
}

// What was given up, each as often as it was.
using Concessions = std::vector<Concession>;

// Gives up one thing after another until it fits, and then takes back what turned out not to matter.
class Search {
 public:
  Search(const ModelNeeds& needs, const MemoryConfiguration& configuration, const MemoryBudget& budget)
      : needs_(needs), configuration_(configuration), budget_(budget) {}

  Expected<MemoryPlan> best() {
    auto plan = with({});
    for (std::size_t i = 0; plan && !plan->fits() && i < kConcessionCount;) {
      Concessions more = made_;
      more.push_back(static_cast<Concession>(i));
      auto next = with(more);
      if (!next) return next;
      if (next->missing_bytes < plan->missing_bytes) {
        made_ = std::move(more);
        plan = std::move(next);
      } else {
        ++i;  // frees nothing, or nothing more
      }
    }
    if (!plan) return plan;
    if (plan->fits()) take_back_needless(*plan);
    plan->concessions = made_;
    plan->concessions.erase(std::unique(plan->concessions.begin(), plan->concessions.end()),
                            plan->concessions.end());
    return plan;
  }

 private:
  // With all of these conceded; what can not be conceded any further leaves things as they are.
  Expected<MemoryPlan> with(const Concessions& concessions) const {
    Draft draft(needs_, configuration_, budget_);
    for (const Concession what : concessions) {
      MemoryPlan before = draft.plan;
      if (!draft.concede(what)) draft.plan = std::move(before);
    }
    return draft.weigh().map([&] { return draft.plan; });
  }

  void take_back_needless(MemoryPlan& plan) {
    for (std::size_t i = 0; i + 1 < made_.size();) {
      Concessions fewer = made_;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      auto without = with(fewer);
      if (without && without->fits() && without->streamed_bytes <= plan.streamed_bytes) {
        made_ = std::move(fewer);
        plan = std::move(*without);
      } else {
        ++i;
      }
    }
  }

  const ModelNeeds& needs_;
  const MemoryConfiguration& configuration_;
  const MemoryBudget& budget_;
  Concessions made_;
};

}  // namespace

Expected<MemoryPlan> make_plan(const ModelNeeds& needs, const MemoryConfiguration& configuration,
                               const MemoryBudget& budget) {
  return Search(needs, configuration, budget).best();
}

}  // namespace engine

Error does_not_fit_error(const MemoryPlan& plan, const MemoryBudget& budget) {
  BudgetDenial denial;
  denial.requested_bytes = plan.peak_bytes;
  denial.available_bytes = plan.peak_bytes - std::min(plan.peak_bytes, plan.missing_bytes);
  denial.limit_bytes = budget.line_bytes.value_or(budget.growth_bytes);
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    if (plan.holder_bytes[i] == 0) continue;
    denial.holders.push_back({std::string(to_string(static_cast<MemoryHolder>(i))), plan.holder_bytes[i]});
  }
  std::stable_sort(denial.holders.begin(), denial.holders.end(),
                   [](const HolderShare& a, const HolderShare& b) { return a.bytes > b.bytes; });
  denial.holder = denial.holders.empty() ? "" : denial.holders.front().holder;
  std::string largest;
  for (const HolderShare& share : denial.holders) {
    largest += (largest.empty() ? "" : ", ") + share.holder + " " + format_size(share.bytes);
  }
  return {ErrorCode::over_budget,
          "the model does not fit: the smallest way to run it needs " + format_size(plan.missing_bytes) +
              " more than the " + plan.missing_from + " has (" + format_size(plan.peak_bytes) + " at its peak: " +
              largest + "); use a smaller model, or give it more memory",
          std::move(denial)};
}

}  // namespace plimsoll
