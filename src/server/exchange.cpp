#include "server/exchange.h"

#include <chrono>
#include <utility>

#include "server/json_text.h"
#include "server/request_head.h"

namespace plimsoll::server {

namespace {

constexpr const char* kJsonType = "application/json; charset=utf-8";

// A body must come at this pace at least, after a first while.
constexpr std::uint64_t kSlowestBytesPerSecond = 64 * 1024;
constexpr std::chrono::seconds kBodyTime{20};

std::chrono::seconds time_for(std::uint64_t bytes) {
  return kBodyTime + std::chrono::seconds(bytes / kSlowestBytesPerSecond);
}

}  // namespace

void answer_json(Exchange& exchange, const Json& json, int status) {
  exchange.response.status = status;
  exchange.response.set_content(to_text(json), kJsonType);
}

void set_error_headers(Exchange& exchange, const ApiError& error) {
  exchange.response.status = error.status;
  if (error.retry_after_seconds > 0) {
    exchange.response.set_header("Retry-After", std::to_string(error.retry_after_seconds));
  }
  if (!error.allow.empty()) exchange.response.set_header("Allow", error.allow);
  if (error.status == 401) exchange.response.set_header("WWW-Authenticate", "Bearer");
}

void answer_error(Exchange& exchange, const ApiError& error) {
  set_error_headers(exchange, error);
  answer_json(exchange, exchange.is_ollamas() ? ollama_error(error) : openai_error(error), error.status);
}

std::string raw_answer(const ApiError& error) {
  const std::string body = to_text(openai_error(error));
  std::string head = "HTTP/1.1 " + std::to_string(error.status) + " Refused\r\nContent-Type: " + kJsonType +
                     "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (error.retry_after_seconds > 0) {
    head += "Retry-After: " + std::to_string(error.retry_after_seconds) + "\r\n";
  }
  return head + "Connection: close\r\n\r\n" + body;
}

ApiExpected<std::string> read_body(Exchange& exchange, BodyRoom& room) {
  if (exchange.body == nullptr) return std::string();
  if (exchange.request.is_multipart_form_data()) {
    return refuse({}, "the body must be JSON, not a form", "invalid_json");
  }
  const bool chunked = exchange.request.has_header("Transfer-Encoding");
  const auto length = exchange.request.get_header_value<std::uint64_t>("Content-Length");
  if (!chunked && length == 0) {
    exchange.body_is_read = true;  // httplib would wait for the connection's end
    return std::string();
  }
  const std::uint64_t most = chunked ? room.limit_bytes() : length;
  auto taken = room.take(most);
  if (!taken) return tl::unexpected(taken.error());
  exchange.connection.hold(std::move(*taken));
  exchange.connection.set_body_deadline(Connection::Clock::now() + time_for(most));
  std::string body;
  body.reserve(length);
  bool too_large = false;
  // Counted here too: it may have been compressed.
  const bool whole = (*exchange.body)([&](const char* data, std::size_t size) {
    too_large = body.size() + size > room.limit_bytes();
    if (!too_large) body.append(data, size);
    return !too_large;
  });
  exchange.body_bytes = body.size();
  if (too_large) return tl::unexpected(body_too_large(room.limit_bytes()));
  if (!whole) return refuse({}, "the body did not come whole; send it again", "invalid_body");
  exchange.body_is_read = true;
  return body;
}

ApiExpected<Json> read_json(Exchange& exchange, BodyRoom& room) {
  const auto body = read_body(exchange, room);
  if (!body) return tl::unexpected(body.error());
  return parse_json(*body);
}

}  // namespace plimsoll::server
