#include "server/answer_course.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "server/question.h"

namespace plimsoll::server {

AnswerCourse::AnswerCourse(Desk& desk, TicketPtr ticket, Connection& connection,
                           std::shared_ptr<AnswerFormat> format, std::string video_param)
    : desk_(desk),
      ticket_(std::move(ticket)),
      connection_(connection),
      format_(std::move(format)),
      video_param_(std::move(video_param)) {}

AnswerCourse::~AnswerCourse() {
  if (!news_.outcome) desk_.leave(ticket_);
}

AnswerCourse::Woken AnswerCourse::wait(Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  // The end of what a client sends may be the client's end, or only that; after the first time it stays
  // ready.
  const short hang_up = half_closed_ ? 0 : POLLRDHUP;
  std::array<pollfd, 2> ready{pollfd{.fd = ticket_->descriptor(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = connection_.descriptor(), .events = hang_up, .revents = 0}};
  const int count =
      ::poll(ready.data(), ready.size(), static_cast<int>(std::clamp<long>(left, 0, kSilence.count())));
  if (count <= 0) return Woken::time;
  if ((ready[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return Woken::gone;
  if ((ready[1].revents & POLLRDHUP) != 0) return Woken::half_closed;
  return Woken::news;
}

bool AnswerCourse::wait_until(const std::function<bool()>& enough, Clock::time_point until,
                              const std::function<bool()>& give_sign) {
  auto sign_due = Clock::now() + kSilence;
  take_news();
  while (!enough() && Clock::now() < until) {
    const Woken woken = wait(std::min(until, sign_due));
    half_closed_ = half_closed_ || woken == Woken::half_closed;
    bool here = woken != Woken::gone;
    if (here && (woken == Woken::half_closed || Clock::now() >= sign_due)) {
      here = give_sign();
      sign_due = Clock::now() + kSilence;
    }
    if (!here) {
      connection_.mark_failed();
      return false;
    }
    take_news();
  }
  return true;
}

void AnswerCourse::take_news() {
  News latest = ticket_->take();
  news_.text += latest.text;
  news_.phase = latest.phase;
  news_.progress = latest.progress;
  if (latest.outcome) news_.outcome = std::move(latest.outcome);
}

Standing AnswerCourse::standing() const {
  return {.phase = news_.phase, .progress = news_.progress, .position = desk_.position(ticket_)};
}

bool AnswerCourse::wait_for_outcome() {
  const auto ask = [&] {
    if (half_closed_) connection_.send_first_byte_early();
    return true;
  };
  return wait_until([&] { return news_.outcome.has_value(); }, Clock::time_point::max(), ask);
}

bool AnswerCourse::wait_for_sign() {
  const auto ask = [&] {
    if (half_closed_) connection_.send_first_byte_early();
    return true;
  };
  return wait_until([&] { return news_.outcome || !news_.text.empty(); }, Clock::now() + kHold, ask);
}

std::optional<ApiError> AnswerCourse::failure() const {
  if (!news_.outcome || news_.outcome->has_value()) return std::nullopt;
  ApiError error = api_error_of(news_.outcome->error());
  const auto& question = ticket_->work().question;
  return question ? blame(std::move(error), *question, video_param_) : error;
}

bool AnswerCourse::stream(httplib::DataSink& sink) {
  const auto write = [&](const std::string& text) {
    return text.empty() || sink.write(text.data(), text.size());
  };
  if (!write(format_->begin())) return false;
  if (!news_.outcome && news_.text.empty() && !write(format_->sign_of_life(standing()))) return false;
  const auto sign = [&] { return write(format_->sign_of_life(standing())); };
  Phase told = news_.phase;
  const auto enough = [&] { return news_.outcome || !news_.text.empty() || news_.phase != told; };
  for (;;) {
    if (!wait_until(enough, Clock::time_point::max(), sign)) return false;
    const bool other_phase = std::exchange(told, news_.phase) != news_.phase;
    if (other_phase && news_.text.empty() && !news_.outcome && !sign()) return false;
    const std::string text = std::exchange(news_.text, {});
    if (!text.empty() && !write(format_->piece(text))) return false;
    if (!news_.outcome) continue;
    const auto error = failure();
    if (!write(error ? format_->failure(*error) : format_->end(**news_.outcome))) return false;
    sink.done();
    return true;
  }
}

}  // namespace plimsoll::server
