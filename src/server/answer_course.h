// Waits for one answer and its client at once, and writes the one to the other. Belongs to the thread that
// answers; as long as it lives the work goes on, afterwards it is cancelled.
#pragma once

#include <functional>
#include <memory>

#include "server/answer_format.h"
#include "server/desk.h"
#include "server/exchange.h"

namespace plimsoll::server {

class AnswerCourse {
 public:
  using Clock = Ticket::Clock;

  AnswerCourse(Desk& desk, TicketPtr ticket, Connection& connection, std::shared_ptr<AnswerFormat> format,
               std::string video_param);
  ~AnswerCourse();
  AnswerCourse(const AnswerCourse&) = delete;
  AnswerCourse& operator=(const AnswerCourse&) = delete;

  /// Blocking until the outcome is known; false: the client has gone.
  bool wait_for_outcome();
  /// The same until there is a text or an outcome or kHold has passed: what fails at once can still fail with
  /// a status of its own.
  bool wait_for_sign();
  /// Of a failure, what the client is told of it.
  std::optional<ApiError> failure() const;
  const std::optional<OutcomeOrFailure>& outcome() const { return news_.outcome; }

  /// The answer as a stream, to its end. Blocking. False: the client has gone.
  bool stream(httplib::DataSink& sink);

  static constexpr std::chrono::milliseconds kHold{1000};
  /// Between two signs of life.
  static constexpr std::chrono::milliseconds kSilence{1000};

 private:
  enum class Woken { news, time, half_closed, gone };
  Woken wait(Clock::time_point until);
  /// Until `enough`; every kSilence, and when the client stopped sending, `give_sign` is called.
  bool wait_until(const std::function<bool()>& enough, Clock::time_point until,
                  const std::function<bool()>& give_sign);
  void take_news();
  Standing standing() const;

  Desk& desk_;
  const TicketPtr ticket_;
  Connection& connection_;
  const std::shared_ptr<AnswerFormat> format_;
  const std::string video_param_;
  News news_;  // that were not written yet
  bool half_closed_ = false;
};

}  // namespace plimsoll::server
