#include "server/desk.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace plimsoll::server {

namespace {

// Text alone, and not much of it: seconds, where a picture may take a minute.
constexpr std::size_t kQuickBytes = 2000;

ServiceFailure stopping_failure() {
  return {.error = {ErrorCode::cancelled, stopping().message}, .stopping = true};
}

bool is_quick(const Work& work) {
  if (!work.question) return false;
  std::size_t bytes = 0;
  for (const Turn& turn : work.question->turns) {
    if (!turn.images.empty() || turn.video) return false;
    bytes += turn.prompt.size() + turn.answer.size();
  }
  return bytes <= kQuickBytes;
}

}  // namespace

Desk::Desk(EngineService& service, std::size_t limit, Observer observer)
    : service_(service), limit_(limit), observer_(std::move(observer)) {
  const std::size_t at_once = service_.answers_at_once();
  for (std::size_t i = 0; i < at_once; ++i) threads_.emplace_back([this] { run(); });
}

ApiExpected<TicketPtr> Desk::submit(Work work) {
  std::lock_guard lock(mutex_);
  if (closed_) return tl::unexpected(stopping());
  if (waiting_.size() >= limit_ + free_places()) {
    return tl::unexpected(queue_full(limit_, seconds_until_room()));
  }
  auto ticket = std::make_shared<Ticket>(next_id_++, std::move(work));
  order_.push(ticket->id(), ticket->work().client, is_quick(ticket->work()));
  waiting_.emplace(ticket->id(), ticket);
  wake_.notify_one();
  return ticket;
}

void Desk::leave(const TicketPtr& ticket) {
  std::lock_guard lock(mutex_);
  ticket->cancel_flag()->cancel();
  order_.remove(ticket->id());
  waiting_.erase(ticket->id());
  // With the lock held, so that it is this work that is woken and not the next.
  if (running_.contains(ticket)) service_.cancel_running();
}

std::size_t Desk::position(const TicketPtr& ticket) const {
  std::lock_guard lock(mutex_);
  return order_.position(ticket->id());
}

QueueState Desk::state() const {
  std::lock_guard lock(mutex_);
  return {.running = running_.size(), .waiting = waiting_.size(), .limit = limit_};
}

std::size_t Desk::free_places() const {
  const std::size_t at_once = std::min(service_.answers_at_once(), threads_.size());
  return at_once - std::min(at_once, running_.size());
}

bool Desk::may_begin() const { return order_.size() > 0 && free_places() > 0; }

int Desk::seconds_until_room() const {
  const double seconds = usual_seconds_ / static_cast<double>(std::max<std::size_t>(1, running_.size()));
  return static_cast<int>(std::clamp(std::ceil(seconds), 1.0, 60.0));
}

void Desk::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return closed_ || may_begin(); });
    const auto next = order_.pop();
    if (!next) return;
    const TicketPtr ticket = waiting_.at(*next);
    waiting_.erase(*next);
    running_.insert(ticket);
    lock.unlock();
    answer(ticket);
    lock.lock();
    running_.erase(ticket);
    wake_.notify_all();
  }
}

void Desk::answer(const TicketPtr& ticket) {
  const auto began = Ticket::Clock::now();
  OutcomeOrFailure outcome = outcome_of(ticket);
  observer_(ticket->work(), outcome);
  {
    std::lock_guard lock(mutex_);
    const double seconds = std::chrono::duration<double>(Ticket::Clock::now() - began).count();
    usual_seconds_ += (seconds - usual_seconds_) / 4;
  }
  ticket->end(std::move(outcome));
}

OutcomeOrFailure Desk::outcome_of(const TicketPtr& ticket) {
  Outcome outcome{.queued = std::chrono::duration_cast<std::chrono::milliseconds>(Ticket::Clock::now() -
                                                                                  ticket->submitted())};
  const auto on_progress = [&](Stage stage, float share, std::string_view) {
    ticket->set_phase(stage == Stage::loading ? Phase::loading : Phase::looking, share);
  };
  const auto& question = ticket->work().question;
  if (!question) {
    auto loaded = service_.load(ticket->cancel_flag(), on_progress);
    if (!loaded) return tl::unexpected(loaded.error());
    return outcome;
  }
  ticket->set_phase(Phase::answering, 1);
  auto answer = service_.generate(
      *question, ticket->cancel_flag(),
      {.on_text = [&](std::string_view text) { ticket->add_text(text); }, .on_progress = on_progress});
  if (!answer) return tl::unexpected(answer.error());
  if (answer->result.finish_reason == FinishReason::cancelled && !ticket->cancel_flag()->cancelled()) {
    std::lock_guard lock(mutex_);
    if (closed_) return tl::unexpected(stopping_failure());
    return tl::unexpected(ServiceFailure{
        .error = {ErrorCode::out_of_memory,
                  "the answer was stopped because the memory was needed elsewhere; ask again"}});
  }
  outcome.answer = std::move(*answer);
  return outcome;
}

void Desk::close(std::chrono::milliseconds deadline) {
  std::lock_guard closing(closing_);
  if (std::exchange(ended_, true)) return;
  decltype(waiting_) waiting;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [id, ticket] : waiting_) order_.remove(id);
    waiting.swap(waiting_);
    // The engine may take a moment to stop; whoever waits for it need not.
    if (deadline.count() == 0) {
      for (const TicketPtr& ticket : running_) ticket->end(tl::unexpected(stopping_failure()));
    }
    wake_.notify_all();
  }
  for (const auto& [id, ticket] : waiting) ticket->end(tl::unexpected(stopping_failure()));
  service_.stop(deadline);
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace plimsoll::server
