#include "evaluator/pressure_answers.h"

#include <algorithm>
#include <utility>

#include "pressure/pressure_gauge.h"

namespace plimsoll {

namespace {

std::size_t footprint_bytes() {
  const auto footprint = read_process_footprint();
  return footprint ? footprint->resident_bytes : 0;
}

}  // namespace

PressureAnswers::PressureAnswers(std::shared_ptr<MemoryPool> pool, EngineDesk& desk, Hands hands)
    : pool_(std::move(pool)),
      hands_(std::move(hands)),
      ladder_(pool_, {.footprint_bytes = footprint_bytes}),
      vision_encoder_(
          ReclaimRung::vision_encoder, desk,
          [this] { return held({MemoryHolder::weights_vision, MemoryHolder::compute_vision}); },
          [this] {
            engine::Engine* model = hands_.model();
            return model ? model->give_back_vision() : 0;
          }),
      context_(
          ReclaimRung::context, desk, [this] { return held({MemoryHolder::kv, MemoryHolder::compute_text}); },
          [this] { return give_back_context(); }),
      whole_model_(
          ReclaimRung::model, desk,
          [this] { return held({MemoryHolder::weights_text, MemoryHolder::weights_vision}); },
          [this] { return hands_.give_back_model(); }) {
  for (DeskReclaimer* each : {&vision_encoder_, &context_, &whole_model_}) offer(*each);
}

void PressureAnswers::listen_to(std::shared_ptr<MemoryMonitor> monitor) {
  monitor_ = std::move(monitor);
  subscription_ = monitor_->subscribe(*this);
}

void PressureAnswers::finish() {
  subscription_.end();
  registrations_.clear();
}

void PressureAnswers::on_check(MemoryPressure now) {
  switch (cleanup_on_check(now)) {
    case CleanupLevel::light:
      ladder_.climb(ReclaimExtent::light, bytes_above(pressure::kNormalBelowPercent));
      break;
    case CleanupLevel::aggressive:
      ladder_.climb(ReclaimExtent::aggressive, bytes_above(pressure::kCriticalEndsAtPercent));
      break;
    case CleanupLevel::none:
    case CleanupLevel::emergency:
      break;
  }
}

// A model that is answering leaves as soon as the answer has ended, in as little memory as that takes.
void PressureAnswers::on_emergency() {
  emergency_ = true;
  ladder_.climb(ReclaimExtent::emergency);
  emergency_ = false;
  hands_.unload_soon();
}

// What has to come back until less than this share of the device is in use.
std::size_t PressureAnswers::bytes_above(unsigned percent) const {
  const auto use = monitor_->last_use();
  if (!use) return kEverything;
  const std::uint64_t relieved = use->capacity_bytes / 100 * percent;
  return use->used_bytes - std::min(use->used_bytes, relieved);
}

std::size_t PressureAnswers::held(std::initializer_list<MemoryHolder> holders) const {
  const MemoryLedger ledger = pool_->ledger();
  std::size_t bytes = 0;
  for (const MemoryHolder holder : holders) bytes += ledger.of(holder);
  return bytes;
}

std::size_t PressureAnswers::give_back_context() {
  engine::Engine* model = hands_.model();
  if (!model) return 0;
  // A plan for a small device fills it: only what others took since is a reason.
  const std::size_t layers = hands_.plan_holds() ? 0 : model->give_back_layers();
  return layers + (emergency_ ? model->shorten_answer() : model->give_back_context());
}

}  // namespace plimsoll
