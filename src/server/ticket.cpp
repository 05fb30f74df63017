#include "server/ticket.h"

#include <sys/eventfd.h>

#include <utility>

namespace plimsoll::server {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::queued:
      return "queued";
    case Phase::loading:
      return "loading";
    case Phase::answering:
      return "answering";
  }
  return "answering";
}

Ticket::Ticket(std::uint64_t id, Work work)
    : id_(id), work_(std::move(work)), ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

News Ticket::take() {
  std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  ::eventfd_read(ready_.get(), &count);
  News news = std::move(news_);
  news_ = {.text = {}, .phase = news.phase, .load_progress = news.load_progress};
  return news;
}

void Ticket::add_text(std::string_view text) {
  std::lock_guard lock(mutex_);
  news_.phase = Phase::answering;
  news_.text += text;
  ::eventfd_write(ready_.get(), 1);
}

// Not worth waking anybody: it is told when a comment is due.
void Ticket::set_loading(float progress) {
  std::lock_guard lock(mutex_);
  news_.phase = progress < 1 ? Phase::loading : Phase::answering;
  news_.load_progress = progress;
}

void Ticket::end(OutcomeOrFailure outcome) {
  std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  news_.outcome = std::move(outcome);
  ::eventfd_write(ready_.get(), 1);
}

}  // namespace plimsoll::server
