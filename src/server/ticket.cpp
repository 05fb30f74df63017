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
    case Phase::looking:
      return "looking";
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
  news_ = {.text = {}, .phase = news.phase, .progress = news.progress};
  return news;
}

void Ticket::add_text(std::string_view text) {
  std::lock_guard lock(mutex_);
  news_.phase = Phase::answering;
  news_.text += text;
  ::eventfd_write(ready_.get(), 1);
}

// Only another phase is worth waking somebody: how far it is is told when a sign of life is due.
void Ticket::set_phase(Phase phase, float progress) {
  std::lock_guard lock(mutex_);
  news_.progress = progress;
  if (std::exchange(news_.phase, phase) != phase) ::eventfd_write(ready_.get(), 1);
}

void Ticket::end(OutcomeOrFailure outcome) {
  std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  news_.outcome = std::move(outcome);
  ::eventfd_write(ready_.get(), 1);
}

}  // namespace plimsoll::server
