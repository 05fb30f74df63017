#include "server/front.h"

#include <exception>
#include <utility>

#include "server/request_head.h"

namespace plimsoll::server {

namespace {

constexpr const char* kAnyPath = "[^]*";
constexpr int kClientGone = 499;

// What the observer is told once the answer is written.
struct Told {
  std::string route = "other";
  int status = 0;
  std::uint64_t body_bytes = 0;
};
thread_local Told told;

Caller caller_of(const httplib::Request& request, std::string& host, std::string& origin,
                 std::string& authorization) {
  host = request.get_header_value("Host");
  origin = request.get_header_value("Origin");
  authorization = request.get_header_value("Authorization");
  return {.host = host, .origin = origin, .authorization = authorization};
}

// What httplib refused by itself.
ApiError refusal_of(int status) {
  switch (status) {
    case 404:
      return not_found("there is nothing here; see docs/server.md");
    case 413:
      return {.status = 413, .code = "body_too_large", .message = "the request is too large"};
    case 500:
      return {.status = 500, .type = "server_error", .code = "internal", .message = "the server failed"};
    default:
      return {
          .status = status, .code = "invalid_request", .message = "this is no request that can be answered"};
  }
}

void prepare(httplib::Request& request) {
  // Compressing takes processor time that the engine needs; only what is compressed already is sent so. And
  // no answer here has parts.
  const std::string accepted = request.get_header_value("Accept-Encoding");
  request.headers.erase("Accept-Encoding");
  Connection::current().set_takes_gzip(accepted.find("gzip") != std::string::npos);
  request.ranges.clear();
}

}  // namespace

Front::Front(const Router& router, const Gate& gate, std::uint64_t max_body_bytes, Observer observer)
    : router_(router), gate_(gate), observer_(std::move(observer)) {
  svr_sock_ = 0;  // httplib writes streams only while it believes that it listens; it never touches this one
  set_default_headers({{"X-Content-Type-Options", "nosniff"}});
  set_keep_alive_timeout(60);
  set_keep_alive_max_count(1000);
  set_logger(
      [](const httplib::Request&, const httplib::Response& response) { told.status = response.status; });
  set_handlers(max_body_bytes);
}

void Front::set_handlers(std::uint64_t max_body_bytes) {
  set_expect_100_continue_handler(
      [max_body_bytes](const httplib::Request& request, httplib::Response& response) {
        const bool fits = request.get_header_value<std::uint64_t>("Content-Length") <= max_body_bytes;
        if (!fits) response.status = 413;
        return fits ? 100 : 413;
      });
  set_pre_routing_handler([this](const auto& request, auto& response) {
    const bool has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH" ||
                          request.method == "DELETE" || request.method == "PRI";
    return has_body ? HandlerResponse::Unhandled : dispatch(request, response, nullptr);
  });
  const HandlerWithContentReader with_body = [this](const auto& request, auto& response, const auto& reader) {
    dispatch(request, response, &reader);
  };
  Post(kAnyPath, with_body);
  Put(kAnyPath, with_body);
  Patch(kAnyPath, with_body);
  Delete(kAnyPath, with_body);
  set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    Exchange exchange{.request = request, .response = response, .connection = Connection::current()};
    exchange.connection.close_after_answer();
    response.set_header("Connection", "close");
    answer_error(exchange, refusal_of(response.status));
  });
}

Front::HandlerResponse Front::dispatch(const httplib::Request& request, httplib::Response& response,
                                       const httplib::ContentReader* body) {
  Exchange exchange{
      .request = request, .response = response, .connection = Connection::current(), .body = body};
  const Router::Found found = router_.find(request.method, request.path);
  if (!found.path.empty()) told.route = found.path;
  try {
    route(exchange, found);
  } catch (const std::bad_alloc&) {
    answer_error(exchange,
                 api_error_of(Error{ErrorCode::out_of_memory, "there is no memory for this request"}));
  } catch (const std::exception& error) {
    answer_error(exchange, api_error_of(Error{ErrorCode::internal, error.what()}));
  }
  told.body_bytes = exchange.body_bytes;
  const bool sent_body = request.has_header("Transfer-Encoding") ||
                         request.get_header_value<std::uint64_t>("Content-Length") > 0;
  if (sent_body && !exchange.body_is_read) {
    exchange.connection.close_after_answer();
    response.set_header("Connection", "close");
  }
  return HandlerResponse::Handled;
}

void Front::route(Exchange& exchange, const Router::Found& found) const {
  std::string host;
  std::string origin;
  std::string authorization;
  const Caller caller = caller_of(exchange.request, host, origin, authorization);
  const bool ours = found.access == Router::Access::open;
  if (const auto error = gate_.check_browser(caller)) return answer_error(exchange, *error);
  if (const std::string allowed = gate_.allowed_origin(caller); !allowed.empty()) {
    exchange.response.set_header("Access-Control-Allow-Origin", allowed);
    exchange.response.set_header("Vary", "Origin");
  }
  if (exchange.request.method == "OPTIONS" && answer_preflight(exchange, caller)) return;
  if (!ours) {
    if (const auto error = gate_.check_key(caller)) return answer_error(exchange, *error);
  }
  if (found.handler != nullptr) return (*found.handler)(exchange);
  answer_error(exchange, found.allow.empty()
                             ? not_found("there is nothing at " + quoted_line(exchange.request.path) +
                                         "; see docs/server.md")
                             : method_not_allowed(exchange.request.method, found.allow));
}

bool Front::answer_preflight(Exchange& exchange, const Caller& caller) const {
  if (gate_.allowed_origin(caller).empty()) return false;
  exchange.response.status = 204;
  exchange.response.set_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  exchange.response.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type");
  exchange.response.set_header("Access-Control-Max-Age", "600");
  return true;
}

bool Front::answer(Connection& connection, bool last) {
  const Connection::Answering answering(connection);
  told = {};
  bool closed = false;
  const bool answered = process_request(connection, last, closed, prepare);
  observer_(told.route, connection.failed() ? kClientGone : told.status, told.body_bytes);
  return answered && !closed && !last && !connection.closes_after_answer();
}

}  // namespace plimsoll::server
