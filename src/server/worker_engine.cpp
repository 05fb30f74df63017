#include "server/worker_engine.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "report/options_json.h"
#include "server/wire.h"

namespace plimsoll::server {

namespace {

Stage stage_of(const Frame& progress) {
  return progress.head.at("looking").get<bool>() ? Stage::looking : Stage::loading;
}

// How long an answer that was cancelled may take to end before its worker is ended under it.
constexpr std::chrono::seconds kCancelPatience{10};
constexpr std::chrono::seconds kEndPatience{5};

ServiceFailure of_question(Error error) { return {std::move(error)}; }

ServiceFailure lost(std::string sentence) {
  return {{ErrorCode::engine, std::move(sentence)}, /*worker_lost=*/true, /*stopping=*/false};
}

ServiceFailure is_stopping() {
  return {{ErrorCode::busy, "the server is stopping; ask again when it has been started"},
          /*worker_lost=*/false,
          /*stopping=*/true};
}

MediaKind media_of(const GenerationRequest& request) {
  MediaKind kind = MediaKind::none;
  for (const Turn& turn : request.turns) {
    if (turn.video) return MediaKind::video;
    if (!turn.images.empty()) kind = MediaKind::picture;
  }
  return kind;
}

ServiceFailure too_large(MediaKind media) {
  const bool video = media == MediaKind::video;
  return {{ErrorCode::over_budget,
           std::string(video ? "the video" : "the picture") +
               " took more memory than the device has, and the engine's process was killed for it; send a " +
               (video ? "smaller video" : "smaller picture")}};
}

bool is_set(const CancelFlagPtr& flag) { return flag && flag->cancelled(); }

}  // namespace

Expected<std::unique_ptr<WorkerEngine>> WorkerEngine::start(WorkerEngineOptions options) {
  std::unique_ptr<WorkerEngine> engine(new WorkerEngine(std::move(options)));
  if (auto opened = engine->wait_for_first(); !opened) return tl::unexpected(opened.error());
  return engine;
}

WorkerEngine::WorkerEngine(WorkerEngineOptions options) : options_(std::move(options)) {
  link_ = std::make_unique<WorkerLink>(options_.command, static_cast<WorkerEvents&>(*this));
}

WorkerEngine::~WorkerEngine() { stop(std::chrono::milliseconds(0)); }

Expected<void> WorkerEngine::wait_for_first() {
  Lock lock(mutex_);
  changed_.wait_for(lock, options_.first_patience, [this] { return ready_ || not_opened_; });
  if (ready_) return {};
  if (not_opened_) return tl::unexpected(*not_opened_);
  return fail(ErrorCode::io, "the engine's process did not begin its work; look at what it wrote to stderr");
}

// ---- whoever waits ----

std::size_t WorkerEngine::most_at_once() const {
  return static_cast<std::size_t>(std::max(1, options_.session.answers_at_once.value_or(1)));
}

std::size_t WorkerEngine::answers_at_once() const noexcept {
  Lock lock(mutex_);
  return std::min(most_at_once(), sample_.answers_at_once().value_or(most_at_once()));
}

tl::expected<Answer, ServiceFailure> WorkerEngine::generate(const GenerationRequest& request,
                                                            const CancelFlagPtr& cancel,
                                                            const AnswerSinks& sinks) {
  Frame frame = request_to_wire(request);
  frame.head["type"] = "generate";
  auto value = run_job(std::move(frame), media_of(request), cancel, sinks);
  if (!value && value.error().error.code != ErrorCode::cancelled)
    return tl::unexpected(std::move(value.error()));
  Lock lock(mutex_);
  if (value) {
    ++answers_;
    return answer_from_wire(*value);
  }
  Answer cancelled;
  cancelled.result.finish_reason = FinishReason::cancelled;
  cancelled.memory = sample_.memory();
  return cancelled;
}

tl::expected<void, ServiceFailure> WorkerEngine::load(const CancelFlagPtr& cancel,
                                                      const ProgressSink& progress) {
  return run_job({{{"type", "load"}}}, MediaKind::none, cancel, {{}, progress}).map([](const Json&) {});
}

tl::expected<Json, ServiceFailure> WorkerEngine::plan(std::optional<std::uint64_t> device_memory_bytes,
                                                      std::optional<Strategy> strategy) {
  const std::uint64_t id = ++last_id_;
  auto encoded = encode_frame(
      {{{"type", "plan"},
        {"id", id},
        {"device_memory_bytes", device_memory_bytes ? Json(*device_memory_bytes) : Json(nullptr)},
        {"strategy", strategy ? Json(static_cast<int>(*strategy)) : Json(nullptr)}}});
  Lock lock(mutex_);
  if (auto there = wait_for_worker(lock, nullptr); !there) return tl::unexpected(there.error());
  return ask(lock, id, std::move(*encoded), {});
}

tl::expected<Json, ServiceFailure> WorkerEngine::run_job(Frame frame, MediaKind media,
                                                         const CancelFlagPtr& cancel,
                                                         const AnswerSinks& sinks) {
  const std::uint64_t id = ++last_id_;
  frame.head["id"] = id;
  auto encoded = encode_frame(frame);
  if (!encoded) return tl::unexpected(of_question(std::move(encoded.error())));
  frame = {};  // pictures are large
  Lock lock(mutex_);
  if (jobs_.size() >= most_at_once())
    return tl::unexpected(of_question({ErrorCode::busy, "another answer is being written; wait for it"}));
  Job& job = jobs_[id];  // stays where it is, whoever comes and goes
  job.flag = cancel ? cancel : std::make_shared<CancelFlag>();
  job.media = media;
  auto there = wait_for_worker(lock, job.flag);
  tl::expected<Json, ServiceFailure> outcome = Json();
  if (there) {
    job.sent = true;
    outcome = ask(lock, id, std::move(*encoded), sinks);
  } else {
    outcome = tl::unexpected(std::move(there.error()));
  }
  jobs_.erase(id);
  changed_.notify_all();
  return outcome;
}

tl::expected<void, ServiceFailure> WorkerEngine::wait_for_worker(Lock& lock, const CancelFlagPtr& cancel) {
  const Clock::time_point deadline = Clock::now() + options_.patience;
  const auto is_decided = [&] { return ready_ || stopping_ || is_set(cancel); };
  // One that dies on its way is started again for as long as somebody has patience.
  for (bool in_time = true; in_time && !is_decided();) {
    link_->want();
    in_time = changed_.wait_until(lock, deadline,
                                  [&, losses = losses_] { return is_decided() || losses_ != losses; });
  }
  if (stopping_) return tl::unexpected(is_stopping());
  if (is_set(cancel)) return tl::unexpected(of_question({ErrorCode::cancelled, "cancelled before it began"}));
  if (ready_) return {};
  const std::string why = report().last_failure.value_or("the engine's process has ended");
  return tl::unexpected(lost(why + "; it is still being started again: try again in a few seconds"));
}

// Sends and waits until it is answered; shows what comes before that, with the lock free.
tl::expected<Json, ServiceFailure> WorkerEngine::ask(Lock& lock, std::uint64_t id, std::string encoded,
                                                     const AnswerSinks& sinks) {
  const CallPtr call = std::make_shared<Call>();
  calls_.emplace(id, call);
  link_->send(std::move(encoded));
  for (;;) {
    changed_.wait(lock, [&] { return !call->frames.empty() || call->failure; });
    if (call->frames.empty()) {
      calls_.erase(id);
      return tl::unexpected(std::move(*call->failure));
    }
    const Frame frame = std::move(call->frames.front());
    call->frames.pop_front();
    const std::string_view type = frame.type();
    if (type != "text" && type != "progress") {
      calls_.erase(id);
      if (type == "failed") return tl::unexpected(of_question(error_from_wire(frame.head.at("error"))));
      return frame.head.at("value");
    }
    lock.unlock();
    if (type == "text" && sinks.on_text) sinks.on_text(frame.head.at("text").get_ref<const std::string&>());
    if (type == "progress" && sinks.on_progress) {
      sinks.on_progress(stage_of(frame), frame.head.at("share").get<float>(),
                        frame.head.at("text").get_ref<const std::string&>());
    }
    lock.lock();
  }
}

void WorkerEngine::cancel_running() noexcept {
  Lock lock(mutex_);
  send_cancels();
}

void WorkerEngine::send_cancels() {
  for (const auto& [id, job] : jobs_) {
    if (is_set(job.flag) && job.sent && ready_)
      link_->send(*encode_frame({{{"type", "cancel"}, {"id", id}}}));
  }
  changed_.notify_all();
}

void WorkerEngine::unload() noexcept {
  Lock lock(mutex_);
  load_again_ = false;
  if (ready_) link_->send(*encode_frame({{{"type", "unload"}}}));
}

Json WorkerEngine::memory(std::uint64_t reclaims_after) const {
  Lock lock(mutex_);
  return sample_.object(began_, reclaims_after, report());
}

// One that runs but has not opened its model yet takes no question, either; one that does knows its plan.
WorkerReport WorkerEngine::report() const {
  WorkerReport worker = link_->report();
  if (worker.state == "running") {
    if (!ready_) worker.state = "restarting";
    if (ready_) worker.steps_down = sample_.steps_down().value_or(worker.steps_down);
  }
  if (not_opened_) worker.last_failure = not_opened_->message;
  return worker;
}

void WorkerEngine::stop(std::chrono::milliseconds deadline) noexcept {
  std::lock_guard one_at_a_time(stop_mutex_);
  {
    Lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    const auto is_done = [this] { return jobs_.empty(); };
    if (!changed_.wait_for(lock, deadline, is_done)) {
      for (const auto& [id, job] : jobs_) job.flag->cancel();
      send_cancels();
      changed_.wait_for(lock, kCancelPatience, is_done);
    }
  }
  link_->end(kEndPatience);
  Lock lock(mutex_);
  fail_calls(is_stopping());
  changed_.wait(lock, [this] { return jobs_.empty() && calls_.empty(); });
}

// ---- the link's thread ----

Frame WorkerEngine::opening(int steps_down) {
  return {{{"type", "open"},
           {"began", began_.time_since_epoch().count()},
           {"steps_down", steps_down},
           {"options", report::options_json(options_.session)}}};
}

void WorkerEngine::on_frame(Frame frame) {
  Lock lock(mutex_);
  note(frame);
  const std::string_view type = frame.type();
  const auto id = frame.head.find("id");
  if (type == "ready") {
    on_ready(frame);
  } else if (type == "memory") {
    sample_.take(std::move(frame.head.at("memory")));
  } else if (id == frame.head.end()) {
    not_opened_ = error_from_wire(frame.head.at("error"));
  } else {
    if (type == "progress" && stage_of(frame) == Stage::loading) {
      const auto share = frame.head.at("share").get<float>();
      sample_.take_load({share < 1 ? ModelState::loading : ModelState::loaded, share});
    }
    if (*id == 0 && type == "progress") {
      // A load that nobody asked for shows itself to whoever waits behind it.
      for (const auto& [job, state] : jobs_) {
        if (const auto call = calls_.find(job); call != calls_.end()) call->second->frames.push_back(frame);
      }
    } else if (const auto call = calls_.find(id->get<std::uint64_t>()); call != calls_.end()) {
      call->second->frames.push_back(std::move(frame));
    }
  }
  changed_.notify_all();
}

void WorkerEngine::on_ready(Frame& frame) {
  ready_ = true;
  not_opened_.reset();
  sample_.take(std::move(frame.head.at("memory")));
  if (std::exchange(load_again_, false)) link_->send(*encode_frame({{{"type", "load"}, {"id", 0}}}));
}

// How far the requests have come, for request_to_blame().
void WorkerEngine::note(const Frame& frame) {
  for (auto& [id, job] : jobs_) job.is_heard_of = job.sent;
  const auto id = frame.head.find("id");
  if (id == frame.head.end()) return;
  const auto job = jobs_.find(id->get<std::uint64_t>());
  if (job == jobs_.end()) return;
  const bool all_seen = frame.type() == "progress" && stage_of(frame) == Stage::looking &&
                        frame.head.at("share").get<float>() >= 1;
  if (all_seen || frame.type() == "text") job->second.is_seen = true;
}

std::optional<std::uint64_t> WorkerEngine::find_request_to_blame() const {
  std::vector<SentRequest> sent;
  for (const auto& [id, job] : jobs_) {
    if (job.sent)
      sent.push_back({.id = id, .media = job.media, .is_seen = job.is_seen, .is_heard_of = job.is_heard_of});
  }
  return request_to_blame(sent, sample_.media());
}

DeathCause WorkerEngine::cause_of(const ProcessEnd& end) {
  Lock lock(mutex_);
  to_blame_.reset();
  const bool for_memory = end.signal == SIGKILL || (end.signal != 0 && sample_.is_pressed());
  if (!for_memory) return DeathCause::defect;
  to_blame_ = find_request_to_blame();
  return to_blame_ ? DeathCause::media : DeathCause::memory;
}

WorkerSigns WorkerEngine::signs() {
  Lock lock(mutex_);
  return {.is_pressed = sample_.is_pressed_critically(),
          .answers = answers_,
          .steps_down = ready_ ? sample_.steps_down() : std::nullopt};
}

void WorkerEngine::on_lost(const WorkerLoss& loss) {
  Lock lock(mutex_);
  const bool was_ready = std::exchange(ready_, false);
  if (was_ready) load_again_ = sample_.is_loaded() && sample_.keeps_model();
  if (!was_ready && !not_opened_) not_opened_ = Error{loss.code, loss.failure};
  ++losses_;
  sample_.lost();
  const std::optional<std::uint64_t> to_blame = std::exchange(to_blame_, std::nullopt);
  if (to_blame && loss.cause == DeathCause::media) {
    const auto call = calls_.find(*to_blame);
    const auto job = jobs_.find(*to_blame);
    if (call != calls_.end() && job != jobs_.end()) call->second->failure = too_large(job->second.media);
  }
  const std::string again =
      std::string(loss.waits ? "; the next request starts it again" : "; it is started again") +
      (loss.steps_down ? " with a smaller plan" : "");
  fail_calls(stopping_ ? is_stopping() : lost(loss.failure + again + ": try again"));
}

void WorkerEngine::fail_calls(const ServiceFailure& failure) {
  for (auto& [id, call] : calls_) {
    if (!call->failure) call->failure = failure;
  }
  changed_.notify_all();
}

}  // namespace plimsoll::server
