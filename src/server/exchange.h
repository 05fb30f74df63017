// A request and the response to it, in the words of the routes. Belongs to the thread that answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/api_error.h"
#include "server/body_room.h"
#include "server/connection.h"

namespace plimsoll::server {

struct Exchange {
  const httplib::Request& request;
  httplib::Response& response;
  Connection& connection;
  const httplib::ContentReader* body = nullptr;  // nullptr: the method has none
  bool body_is_read = false;
  std::uint64_t body_bytes = 0;

  bool is_ollamas() const { return request.path.starts_with("/api/"); }
};

void answer_json(Exchange& exchange, const Json& json, int status = 200);
/// In the shape of the API that the route belongs to.
void answer_error(Exchange& exchange, const ApiError& error);
/// Status, Retry-After and Allow alone; the body is the caller's.
void set_error_headers(Exchange& exchange, const ApiError& error);

/// The bytes of such an answer, for whom no thread is spent on; the connection ends with it.
std::string raw_answer(const ApiError& error);

/// The whole body; it keeps its room until the answer is written. One that is too long is refused from its
/// Content-Length, or where it passes the limit. Blocking.
ApiExpected<std::string> read_body(Exchange& exchange, BodyRoom& room);
/// read_body() and parse_json().
ApiExpected<Json> read_json(Exchange& exchange, BodyRoom& room);

}  // namespace plimsoll::server
