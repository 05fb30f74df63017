#include "server/api_error.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "plimsoll/size.h"
#include "report/error_json.h"

namespace plimsoll::server {

namespace {

constexpr std::string_view kServerError = "server_error";

ApiError server_error(int status, std::string code, std::string message) {
  return {.status = status,
          .type = std::string(kServerError),
          .code = std::move(code),
          .message = std::move(message)};
}

ApiError over_budget(const Error& error, std::string code) {
  return {.status = 503,
          .type = "over_budget_error",
          .code = std::move(code),
          .message = error.message,
          .denial = error.denial};
}

// The engine tells these two apart from other invalid arguments by their words only.
std::string code_of_invalid_argument(const std::string& message) {
  return message.starts_with("the prompt takes") ? "prompt_too_long" : "invalid_value";
}

}  // namespace

ApiError bad_value(std::string param, std::string message, std::string code) {
  return {.code = std::move(code), .message = std::move(message), .param = std::move(param)};
}

tl::unexpected<ApiError> refuse(std::string param, std::string message, std::string code) {
  return tl::unexpected(bad_value(std::move(param), std::move(message), std::move(code)));
}

ApiError not_found(std::string message, std::string code) {
  return {.status = 404, .code = std::move(code), .message = std::move(message)};
}

ApiError method_not_allowed(std::string_view method, std::string allow) {
  return {.status = 405,
          .code = "method_not_allowed",
          .message = std::string(method) + " is not possible here; use " + allow,
          .allow = std::move(allow)};
}

ApiError body_too_large(std::uint64_t limit_bytes) {
  return {.status = 413,
          .code = "body_too_large",
          .message = "the request is larger than " + format_size(limit_bytes) +
                     "; send smaller pictures, or start the server with a larger --max-body"};
}

ApiError queue_full(std::size_t limit, int retry_after_seconds) {
  return {.status = 429,
          .type = "rate_limit_error",
          .code = "queue_full",
          .message = std::to_string(limit) + " questions are waiting already; ask again in " +
                     std::to_string(retry_after_seconds) + " s",
          .retry_after_seconds = retry_after_seconds};
}

ApiError stopping() {
  return server_error(503, "stopping", "the server is stopping; ask again when it has been started");
}

std::string quoted_line(std::string_view text) {
  constexpr std::size_t kMostBytes = 200;
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  std::string line(text.substr(0, kMostBytes));
  std::ranges::replace_if(line, [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return text.size() > kMostBytes ? line + "..." : line;
}

ApiError api_error_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
      return bad_value({}, error.message, code_of_invalid_argument(error.message));
    case ErrorCode::over_budget:
      return over_budget(error, "over_budget");
    case ErrorCode::out_of_memory:
      return over_budget(error, "out_of_memory");
    case ErrorCode::busy: {
      ApiError busy = queue_full(1, 1);
      busy.message = error.message;
      return busy;
    }
    case ErrorCode::cancelled:
      return server_error(503, "cancelled", error.message);
    // Files that are missing or unreadable are the server's, never the client's.
    case ErrorCode::not_found:
    case ErrorCode::io:
    case ErrorCode::engine:
      return server_error(500, "engine", error.message);
    case ErrorCode::internal:
      break;
  }
  return server_error(500, "internal", error.message);
}

ApiError api_error_of(const ServiceFailure& failure) {
  if (failure.worker_lost) return server_error(503, "worker_lost", failure.error.message);
  if (failure.stopping) return server_error(503, "stopping", failure.error.message);
  return api_error_of(failure.error);
}

Json openai_error(const ApiError& error) {
  Json body = {{"message", error.message},
               {"type", error.type},
               {"param", error.param.empty() ? Json(nullptr) : Json(error.param)},
               {"code", error.code}};
  if (error.denial) body["denial"] = report::denial_json(*error.denial);
  return {{"error", std::move(body)}};
}

Json ollama_error(const ApiError& error) { return {{"error", error.message}}; }

std::string to_text(const Json& json) { return report::text_of(json); }

}  // namespace plimsoll::server
