#include "engine/draft.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/layers_to_keep.h"

namespace plimsoll::engine {

namespace {

constexpr std::size_t kOpen = std::numeric_limits<std::size_t>::max();

template <typename Holders>
std::size_t& at(Holders& holders, MemoryHolder holder) {
  return holders[static_cast<std::size_t>(holder)];
}
template <typename Holders>
std::size_t sum(const Holders& holders) {
  return std::accumulate(holders.begin(), holders.end(), std::size_t{0});
}

std::size_t less(std::size_t from, std::size_t take) { return from - std::min(from, take); }

// Returns whether that changes anything.
template <typename T>
bool set(T& what, T to) {
  return std::exchange(what, to) != to;
}

}  // namespace

Draft::Draft(const ModelNeeds& needs, const MemoryConfiguration& configuration, const MemoryBudget& budget)
    : needs_(needs),
      configuration_(configuration),
      budget_(budget),
      picture_(needs.vision.picture(configuration.image_size)),
      max_tokens_(configuration.max_tokens) {
  settings_.repack = needs.repacked.private_bytes > 0;
  settings_.answers_at_once = std::clamp(configuration.answers_at_once, 1, needs.sequences);
  // A class that loads its model for each answer loads the encoder for each picture anyway: it may as well
  // leave before the answer.
  if (has_vision() && !configuration.keep_model_loaded) settings_.vision = VisionResidency::on_demand;
}

bool Draft::concede(Concession what) {
  switch (what) {
    case Concession::fewer_at_once:
      return set(settings_.answers_at_once, std::max(1, settings_.answers_at_once / 2));
    case Concession::forgetting:
      return set(settings_.keep_prompts, false);
    case Concession::vision_on_demand:
      return has_vision() && set(settings_.vision, VisionResidency::on_demand);
    case Concession::smaller_batch:
      if (settings_.batch_tokens / 2 < kSmallestBatch) return false;
      settings_.batch_tokens /= 2;
      return true;
    case Concession::plain_weights:
      return set(settings_.repack, false);
    case Concession::taking_turns:
      return has_vision() && !takes_turns() && take_turns();
    case Concession::kv_q8_0:
      return set(settings_.kv_type, std::max(settings_.kv_type, KvType::q8_0));
    case Concession::shorter_answers:
      if (configuration_.strategy != Strategy::fitted || max_tokens_ / 2 < kShortestAnswer) return false;
      max_tokens_ /= 2;
      return true;
    case Concession::streamed_weights:
      return !may_stream_ && set(may_stream_, take_turns());
    case Concession::kv_q4_0:
      return set(settings_.kv_type, KvType::q4_0);
  }
  return false;
}

// While the encoder is there the layers are not: it must be able to leave.
bool Draft::take_turns() {
  const bool encoder_stays = has_vision() && settings_.vision == VisionResidency::resident;
  if (encoder_stays || needs_.streamed.layer_bytes.empty()) return false;
  settings_.streamed_text_resident_bytes = 0;
  settings_.repack = false;
  return true;
}

const TextWeightNeeds& Draft::text() const {
  if (takes_turns()) return needs_.streamed;
  return settings_.repack ? needs_.repacked : needs_.plain;
}

// The prompt's share of its sequence, where the cache limit has room for it at all.
std::size_t Draft::kept_prompt_bytes(const ContextBytes& context) const {
  if (!settings_.keep_prompts || !has_vision()) return 0;
  const auto tokens = static_cast<std::size_t>(kTypicalQuestionTokens + picture_.tokens);
  const std::size_t sequence = context.kv / static_cast<std::size_t>(settings_.answers_at_once);
  const std::size_t bytes = sequence * tokens / (tokens + static_cast<std::size_t>(max_tokens_));
  return bytes <= configuration_.cache_limit_bytes.value_or(kOpen) ? bytes : 0;
}

// While a picture is looked at. An encoder that stays finds the context of the question before still there.
Draft::Holders Draft::looking(const ContextBytes& context) const {
  Holders look{};
  at(look, MemoryHolder::weights_text) = text().fixed_bytes;
  at(look, MemoryHolder::weights_vision) = needs_.vision.weights;
  at(look, MemoryHolder::compute_vision) = needs_.vision.compute;
  at(look, MemoryHolder::media) = picture_.media_bytes;
  at(look, MemoryHolder::cache_images) = picture_.embedding_bytes;
  if (settings_.vision == VisionResidency::resident) {
    at(look, MemoryHolder::kv) = context.kv;
    at(look, MemoryHolder::compute_text) = context.compute;
  }
  return look;
}

Draft::Holders Draft::answering(const ContextBytes& context) const {
  Holders answer{};
  at(answer, MemoryHolder::cache_prefixes) = kept_prompt_bytes(context);
  at(answer, MemoryHolder::weights_text) = text().fixed_bytes;
  at(answer, MemoryHolder::kv) = context.kv;
  at(answer, MemoryHolder::compute_text) = context.compute;
  at(answer, MemoryHolder::cache_images) = picture_.embedding_bytes;
  if (settings_.vision == VisionResidency::resident) {
    at(answer, MemoryHolder::weights_vision) = needs_.vision.weights;
    if (needs_.vision.compute_stays) at(answer, MemoryHolder::compute_vision) = needs_.vision.compute;
  }
  return answer;
}

std::array<Draft::Bound, 3> Draft::bounds(const Holders& moment) const {
  const std::size_t charged = sum(moment), file_pages = text().fixed_bytes - text().private_bytes;
  const std::size_t occupied = charged + needs_.heap_bytes;
  return {Bound{kMemoryLimitBound, budget_.line_bytes.value_or(kOpen), charged},
          Bound{kDeviceBound, budget_.growth_bytes, occupied},
          Bound{kProcessBound, budget_.private_bytes.value_or(kOpen),
                occupied - file_pages + needs_.vision.untouched}};
}

// Layers come last, into the room that the rest leaves.
void Draft::bring_layers_back(Holders& answer, MemoryPlan& plan) const {
  std::size_t room = kOpen;
  for (const Bound& bound : bounds(answer)) {
    if (may_stream_) room = std::min(room, less(bound.limit, bound.taken));
  }
  const LayersToKeep choice = layers_to_keep(needs_.streamed.layer_bytes, room);
  plan.settings.streamed_text_resident_bytes = choice.bytes;
  plan.streamed_bytes = choice.read_bytes;
  at(answer, MemoryHolder::weights_text) += choice.bytes;
}

void Draft::note(const Holders& moment, MemoryPlan& plan) const {
  plan.peak_bytes = std::max(plan.peak_bytes, sum(moment));
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    plan.holder_bytes[i] = std::max(plan.holder_bytes[i], moment[i]);
  }
  for (const Bound& bound : bounds(moment)) {
    const std::size_t missing = less(bound.taken, bound.limit);
    if (missing <= plan.missing_bytes) continue;
    plan.missing_bytes = missing;
    plan.missing_from = bound.name;
  }
}

Expected<MemoryPlan> Draft::weigh() const {
  MemoryPlan plan;
  plan.settings = settings_;
  plan.max_tokens = max_tokens_;
  const int wanted = kTypicalQuestionTokens + picture_.tokens + max_tokens_;
  plan.context_tokens = std::min(wanted, needs_.context_length);
  const int batch = std::min(settings_.batch_tokens, rounded_context(plan.context_tokens));
  if (settings_.answers_at_once > 1) plan.settings.context_tokens = plan.context_tokens;
  auto context = needs_.context({plan.context_tokens, batch, settings_.kv_type, settings_.answers_at_once});
  if (!context) return tl::unexpected(context.error());

  Holders answer = answering(*context);
  if (takes_turns()) bring_layers_back(answer, plan);
  note(looking(*context), plan);
  note(answer, plan);
  plan.footprint_bytes = budget_.footprint_bytes + plan.peak_bytes + needs_.heap_bytes;
  return plan;
}

}  // namespace plimsoll::engine
