// An engine that says what a test wants, when it wants.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "server/engine_service.h"

namespace plimsoll::test {

using server::Answer;
using server::Json;
using server::ServiceFailure;

class FakeEngine final : public server::EngineService {
 public:
  std::size_t answers_at_once() const noexcept override {
    const std::lock_guard lock(mutex_);
    return at_once_;
  }
  tl::expected<Answer, ServiceFailure> generate(const GenerationRequest& request, const CancelFlagPtr& cancel,
                                                const server::AnswerSinks& sinks) override {
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    if (loads_) sinks.on_progress(Stage::loading, 0.5F, "half");
    for (const std::string& piece : before_) sinks.on_text(piece);
    ++running_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_ || cancel->cancelled() || stopped_; });
    --running_;
    if (cancel->cancelled() || stopped_) ++cancelled_;
    changed_.notify_all();
    if (failure_) return tl::unexpected(*failure_);
    Answer answer{.result = {.answer = "Hello there"}, .memory = {{"active_bytes", 7}}};
    answer.result.prompt_tokens = 5;
    answer.result.reused_tokens = 2;
    answer.result.timing.tokens = 3;
    answer.result.finish_reason = cancel->cancelled() || stopped_ ? FinishReason::cancelled : finish_;
    if (before_.empty()) {
      sinks.on_text("Hello ");
      sinks.on_text("there");
    }
    return answer;
  }

  void cancel_running() noexcept override {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  tl::expected<void, ServiceFailure> load(const CancelFlagPtr&, const ProgressSink&) override {
    const std::lock_guard lock(mutex_);
    if (failure_) return tl::unexpected(*failure_);
    loaded_ = true;
    return {};
  }
  void unload() noexcept override {
    const std::lock_guard lock(mutex_);
    loaded_ = false;
  }
  Json memory(std::uint64_t) const override {
    const std::lock_guard lock(mutex_);
    return {{"load_state", loaded_ ? "loaded" : "idle"},
            {"load_progress", nullptr},
            {"model_info", "fake • 1M"},
            {"memory", {{"active_bytes", 7}, {"holders", {{"kv", 7}}}}},
            {"reclaims", Json::array()},
            {"worker",
             {{"isolated", true},
              {"state", worker_lost_ ? "restarting" : "running"},
              {"restarts", 3},
              {"steps_down", 2}}}};
  }
  tl::expected<Json, ServiceFailure> plan(std::optional<std::uint64_t> device_memory_bytes,
                                          std::optional<Strategy>) override {
    return Json{{"device_memory", device_memory_bytes.value_or(0)}};
  }
  void stop(std::chrono::milliseconds) noexcept override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

  // ---- what a test says
  void begin_again() {
    set([this] {
      stopped_ = false;
      cancelled_ = 0;
    });
  }
  void hold() {
    set([this] { held_ = true; });
  }
  void answer_at_once(std::size_t count) {
    set([&] { at_once_ = count; });
  }
  void let_go() {
    set([this] { held_ = false; });
  }
  void fail_with(ServiceFailure failure) {
    set([&] { failure_ = std::move(failure); });
  }
  void say_before_holding(std::vector<std::string> pieces) {
    set([&] { before_ = std::move(pieces); });
  }
  void load_first() {
    set([this] { loads_ = true; });
  }
  void finish_with(FinishReason reason) {
    set([&] { finish_ = reason; });
  }
  void lose_worker() {
    set([this] { worker_lost_ = true; });
  }

  // ---- what a test asks
  void wait_until_running(int count = 1) {
    wait([&] { return running_ >= count; });
  }
  void wait_until_cancelled() {
    wait([this] { return cancelled_ > 0; });
  }
  GenerationRequest last_request() {
    const std::lock_guard lock(mutex_);
    return requests_.back();
  }
  std::size_t request_count() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  bool is_loaded() {
    const std::lock_guard lock(mutex_);
    return loaded_;
  }

 private:
  template <typename Change>
  void set(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <typename Condition>
  void wait(Condition condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, condition);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<GenerationRequest> requests_;
  std::vector<std::string> before_;
  std::optional<ServiceFailure> failure_;
  FinishReason finish_ = FinishReason::stop;
  std::size_t at_once_ = 1;
  bool held_ = false;
  bool loads_ = false;
  bool loaded_ = false;
  bool worker_lost_ = false;
  bool stopped_ = false;
  int running_ = 0;
  int cancelled_ = 0;
};

}  // namespace plimsoll::test
