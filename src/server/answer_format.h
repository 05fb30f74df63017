// How an answer reads on the wire: one object, or a stream of them. Thread-safe where a format says nothing
// else.
#pragma once

#include <string>
#include <string_view>

#include "server/api_error.h"
#include "server/ticket.h"

namespace plimsoll::server {

/// Where the work stands.
struct Standing {
  Phase phase = Phase::queued;
  float progress = 0;  // of loading, of looking
  std::size_t position = 0;
};

class AnswerFormat {
 public:
  virtual ~AnswerFormat() = default;

  virtual Json whole(const Outcome& outcome) const = 0;
  virtual Json error(const ApiError& error) const = 0;

  /// The Content-Type of a stream, and its parts in order.
  virtual std::string stream_type() const = 0;
  virtual std::string begin() const = 0;
  virtual std::string piece(std::string_view text) const = 0;
  virtual std::string end(const Outcome& outcome) const = 0;
  /// Instead of the end.
  virtual std::string failure(const ApiError& error) const = 0;
  /// Between two parts, for a client that would think nobody is there; no part of the answer.
  virtual std::string sign_of_life(const Standing& standing) const = 0;
};

}  // namespace plimsoll::server
