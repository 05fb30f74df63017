#include "server/worker_link.h"

#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace plimsoll::server {

namespace {

std::string likely_for(DeathCause cause) {
  switch (cause) {
    case DeathCause::memory:
      return ", likely for memory";
    case DeathCause::media:
      return ", likely for the memory of a picture or video";
    case DeathCause::defect:
      break;
  }
  return "";
}

}  // namespace

WorkerLink::WorkerLink(WorkerCommand command, WorkerEvents& events)
    : command_(std::move(command)), events_(events) {
  report_.isolated = true;
  report_.state = "restarting";
  thread_ = std::thread([this] { run(); });
}

void WorkerLink::send(std::string encoded) {
  {
    std::lock_guard lock(mutex_);
    outbox_ = outbox_.empty() ? std::move(encoded) : outbox_ + encoded;
  }
  wake_.wake();
}

void WorkerLink::want() {
  {
    std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.wake();
}

WorkerReport WorkerLink::report() const {
  std::lock_guard lock(mutex_);
  return report_;
}

void WorkerLink::end(std::chrono::milliseconds patience) {
  const auto stop = encode_frame({{{"type", "stop"}}});
  {
    std::lock_guard lock(mutex_);
    if (!killed_at_) outbox_ += *stop;
    killed_at_ = std::min(killed_at_.value_or(Clock::time_point::max()), Clock::now() + patience);
  }
  wake_.wake();
  if (thread_.joinable()) thread_.join();
}

// ---- the link's thread ----

void WorkerLink::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are others' business
  policy_.wanted(Clock::now());
  for (;;) {
    if (process_ && (lost_ || (is_over() && patience_ms() == 0))) bury();
    if (!process_ && is_over()) break;
    if (!process_) start();
    adjust_steps();
    wait();
  }
  set_state("stopped");
}

bool WorkerLink::is_over() const {
  std::lock_guard lock(mutex_);
  return killed_at_.has_value();
}

void WorkerLink::set_state(std::string_view state) {
  std::lock_guard lock(mutex_);
  report_.state = state;
  report_.pid = process_ ? std::optional(process_->pid()) : std::nullopt;
  report_.steps_down = steps_.count();
}

void WorkerLink::start() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(wanted_, false)) policy_.wanted(Clock::now());
  }
  const auto due = policy_.next_start();
  if (!due || Clock::now() < *due) return;
  auto opening = encode_frame(events_.opening(steps_.count()));
  auto started = WorkerProcess::start(command_);
  policy_.started(Clock::now());
  if (!started) {
    policy_.died(Clock::now(), DeathCause::defect);
    tell_loss({.failure = started.error().message, .code = started.error().code});
    return;
  }
  process_.emplace(std::move(*started));
  decoder_ = FrameDecoder();
  unsent_ = std::move(*opening);
  {
    std::lock_guard lock(mutex_);
    if (report_.last_failure) ++report_.restarts;
  }
  set_state("running");
}

// How long poll(2) may sleep: until a worker is to be started, killed, or given more again.
int WorkerLink::patience_ms() const {
  std::optional<Clock::time_point> until;
  {
    std::lock_guard lock(mutex_);
    until = killed_at_;
  }
  if (!until && !process_) until = policy_.next_start();
  // A step that is due by the clock may still wait for answers, or for memory that is not pressed.
  if (!until && process_ && steps_.next_look()) {
    until = std::max(*steps_.next_look(), Clock::now() + std::chrono::seconds(1));
  }
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

void WorkerLink::wait() {
  {
    std::lock_guard lock(mutex_);
    if (unsent_.empty()) {
      unsent_ = std::exchange(outbox_, {});
    } else {
      unsent_ += std::exchange(outbox_, {});
    }
  }
  const short events = static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
  std::array<pollfd, 2> set{pollfd{wake_.descriptor(), POLLIN, 0},
                            pollfd{process_ ? process_->descriptor() : -1, events, 0}};
  if (::poll(set.data(), set.size(), patience_ms()) <= 0) return;
  if (set[0].revents != 0) wake_.drain();
  if ((set[1].revents & POLLOUT) != 0) write_some();
  if ((set[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read_some();
}

void WorkerLink::write_some() {
#ifdef MSG_NOSIGNAL
  constexpr int kFlags = MSG_NOSIGNAL;
#else
  constexpr int kFlags = 0;  // the thread's signals are blocked
#endif
  const auto count =
      ::send(process_->descriptor(), unsent_.data() + sent_bytes_, unsent_.size() - sent_bytes_, kFlags);
  // A socket that has ended says so to the reader, after what the worker still had to say.
  if (count < 0) return;
  sent_bytes_ += static_cast<std::size_t>(count);
  if (sent_bytes_ == unsent_.size()) {
    unsent_ = {};
    sent_bytes_ = 0;
  }
}

void WorkerLink::read_some() {
  std::array<char, 1 << 16> bytes{};
  const auto count = ::recv(process_->descriptor(), bytes.data(), bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  lost_ = count <= 0 || !decoder_.feed({bytes.data(), static_cast<std::size_t>(count)});
  take_frames();
}

void WorkerLink::take_frames() try {
  while (decoder_.has_frame()) events_.on_frame(decoder_.pop());
} catch (const Json::exception& error) {
  spdlog::warn("the engine's process said what nobody understands: {}", error.what());
  lost_ = true;
}

// It is gone or as good as gone. What waits in the outbox was for it, and nothing more comes after on_lost().
void WorkerLink::bury() {
  const ProcessEnd end = process_->reap();
  process_.reset();
  lost_ = false;
  const DeathCause cause = is_over() ? DeathCause::defect : events_.cause_of(end);
  const int steps_before = steps_.count();
  policy_.died(Clock::now(), cause);
  steps_.died(Clock::now(), cause);
  tell_loss({.failure = "the engine's process " + end.sentence() + likely_for(cause),
             .cause = cause,
             .steps_down = steps_.count() > steps_before});
  unsent_ = {};
  sent_bytes_ = 0;
  std::lock_guard lock(mutex_);
  outbox_ = {};
}

void WorkerLink::tell_loss(WorkerLoss loss) {
  loss.waits = !policy_.next_start();
  if (is_over()) {
    set_state("stopped");
  } else {
    spdlog::warn("{}", loss.failure);
    set_state(loss.waits ? "waiting" : "restarting");
    std::lock_guard lock(mutex_);
    report_.last_failure = loss.failure;
  }
  events_.on_lost(loss);
}

// What the worker says of its plan and of its memory moves the steps; what moves without it, it is told.
void WorkerLink::adjust_steps() {
  if (!process_) return;
  const WorkerSigns signs = events_.signs();
  const Clock::time_point now = Clock::now();
  if (signs.is_pressed) steps_.pressed(now);
  steps_.answered(signs.answers - std::exchange(answers_, signs.answers));
  const bool refused = signs.steps_down && steps_.planned_with(*signs.steps_down);
  const bool taken_back = steps_.take_back(now);
  if (taken_back) {
    unsent_ += encode_frame({{{"type", "steps"}, {"steps_down", steps_.count()}}}).value_or("");
  }
  if (refused || taken_back) set_state("running");
}

}  // namespace plimsoll::server
