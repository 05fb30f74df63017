#include "bench/soak/soak.h"

#include <algorithm>
#include <numeric>
#include <thread>
#include <utility>

#include "prove/caller_time.h"
#include "prove/milestones.h"

namespace plimsoll::bench {

namespace {

constexpr double kBlockedMs = 1;

bool adds_up(const MemoryLedger& ledger) {
  const auto sum = std::accumulate(ledger.holder_bytes.begin(), ledger.holder_bytes.end(), std::size_t{0});
  return sum == ledger.active_bytes + ledger.cache_bytes;
}

}  // namespace

Soak::Soak(ModelFiles model, std::vector<KnownQuestion> questions, unsigned seed)
    : questions_(std::move(questions)),
      random_(seed),
      evaluator_({.model = std::move(model),
                  .configuration = configuration_,
                  .device_memory_bytes = PressedDevice::kCapacity,
                  .monitor = device_.monitor()},
                 pool_) {}

void Soak::step() {
  const Act act = choose();
  ++tally_.acts[static_cast<std::size_t>(act)];
  switch (act) {
    case Act::ask:
      ask();
      break;
    case Act::cancel:
      cancel();
      break;
    case Act::unload:
      unload();
      break;
    case Act::reset:
      reset();
      break;
    case Act::storm:
      storm();
      break;
    case Act::limits:
      change_limits();
      break;
  }
  check_ledger();
}

// Of a hundred steps.
Act Soak::choose() {
  constexpr std::array<std::pair<Act, int>, 6> kShares = {{{Act::ask, 60},
                                                           {Act::cancel, 15},
                                                           {Act::unload, 6},
                                                           {Act::reset, 4},
                                                           {Act::storm, 7},
                                                           {Act::limits, 8}}};
  int left = random(100);
  for (const auto& [act, share] : kShares) {
    if (left < share) return act;
    left -= share;
  }
  return Act::ask;
}

void Soak::ask() {
  const KnownQuestion& known = any_question();
  check(known, evaluator_.generate(request(known)), false);
  note_footprint();
}

// A cancel that comes too late finds a whole answer: then that must be right.
void Soak::cancel() {
  constexpr int kMilestones = 6;
  const KnownQuestion& known = any_question();
  prove::Milestones milestones;
  Expected<GenerationResult> result;
  std::thread asking([&] {
    const auto pass = [&](auto&&...) { milestones.pass(); };
    result = evaluator_.generate(request(known), pass, pass);
    milestones.finish();
  });
  milestones.wait_for(1 + random(kMilestones));
  time_call("load_state()", [&] { (void)evaluator_.load_state(); });
  time_call("model_info()", [&] { (void)evaluator_.model_info(); });
  time_call("plan()", [&] { (void)evaluator_.plan(); });
  time_call("cancel_generation()", [&] { evaluator_.cancel_generation(); });
  asking.join();
  if (!result || result->finish_reason != FinishReason::cancelled) check(known, result, false);
}

void Soak::unload() {
  time_call("unload_model()", [&] { evaluator_.unload_model(); });
}

void Soak::reset() {
  time_call("emergency_memory_reset()", [&] { evaluator_.emergency_memory_reset(); });
}

// The pressure rises and falls while questions are asked; now and then the system itself warns.
void Soak::storm() {
  constexpr int kGusts = 4;
  for (int gust = 0; gust < kGusts; ++gust) {
    device_.fill(random(2) == 0 ? PressedDevice::kWarning : PressedDevice::kCritical);
    const KnownQuestion& known = any_question();
    prove::Milestones milestones;
    Expected<GenerationResult> result;
    std::thread asking([&] {
      const auto pass = [&](auto&&...) { milestones.pass(); };
      result = evaluator_.generate(request(known), pass, pass);
      milestones.finish();
    });
    if (random(8) == 0) {
      milestones.wait_for(1);
      time_call("report_system_warning()", [&] { device_.monitor()->report_system_warning(); });
    }
    asking.join();
    check(known, result, true);
    check_ledger();
  }
  device_.fill(PressedDevice::kCalm);
}

// Lower ones than the class's for a few questions. Where they are too low for one it is refused, and that is
// no fault; a wrong answer is.
void Soak::change_limits() {
  constexpr std::size_t kLeast = 24 * kMiB, kSpread = 64;
  pool_->set_memory_limit(kLeast + static_cast<std::size_t>(random(kSpread)) * kMiB);
  pool_->set_cache_limit(static_cast<std::size_t>(random(20)) * kMiB);
  constexpr int kQuestions = 3;
  for (int i = 0; i < kQuestions; ++i) {
    const KnownQuestion& known = any_question();
    const auto result = evaluator_.generate(request(known));
    const bool refused = !result && result.error().code == ErrorCode::over_budget;
    if (!refused) check(known, result, false);
    check_ledger();
  }
  pool_->set_memory_limit(configuration_.memory_limit_bytes);
  pool_->set_cache_limit(*configuration_.cache_limit_bytes);
}

GenerationRequest Soak::request(const KnownQuestion& known) const {
  return {.turns = {{.prompt = known.question, .images = {{known.picture}}}}, .temperature = 0.0F};
}

const KnownQuestion& Soak::any_question() {
  return questions_[static_cast<std::size_t>(random(static_cast<int>(questions_.size())))];
}

// An emergency may cut an answer short; what was said by then must be right.
void Soak::check(const KnownQuestion& known, const Expected<GenerationResult>& result, bool may_be_cut) {
  if (!result) {
    fault(known.question + ": " + result.error().message);
    return;
  }
  const bool cut = may_be_cut && result->finish_reason == FinishReason::memory;
  if (result->answer == known.answer || (cut && known.answer.starts_with(result->answer))) {
    ++tally_.answers;
    return;
  }
  fault(known.picture.filename().string() + ", " + known.question + " \"" + result->answer +
        "\" instead of \"" + known.answer + "\"");
}

void Soak::check_ledger() {
  const MemoryLedger ledger = pool_->ledger();
  if (!adds_up(ledger)) fault("the ledger does not add up");
  if (ledger.cache_bytes > ledger.cache_limit_bytes) fault("the cache is above its limit");
}

void Soak::note_footprint() {
  if (evaluator_.load_state() != LoadState::loaded) return;
  if (device_.monitor()->pressure() != MemoryPressure::normal) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  tally_.footprints.push_back({seconds, static_cast<double>(memory_report(*pool_).footprint_bytes)});
}

void Soak::fault(std::string what) {
  ++tally_.fault_count;
  if (tally_.faults.size() < Tally::kMostFaults) tally_.faults.push_back(std::move(what));
}

template <typename Function>
void Soak::time_call(const std::string& name, Function function) {
  const prove::CallerTime time;
  function();
  const double blocked_ms = time.blocked_ms();
  double& longest_ms = tally_.longest_ms[name];
  longest_ms = std::max(longest_ms, blocked_ms);
  if (blocked_ms >= kBlockedMs) fault(name + " blocked its caller for " + std::to_string(blocked_ms) + " ms");
}

}  // namespace plimsoll::bench
