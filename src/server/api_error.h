// The one place where failures become HTTP: a status, and what the client is told (docs/server.md, Errors).
// Plain values and pure functions, thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/error.h"
#include "server/engine_service.h"

namespace plimsoll::server {

inline constexpr std::string_view kInvalidRequest = "invalid_request_error";

struct ApiError {
  int status = 400;
  std::string type = std::string(kInvalidRequest);
  std::string code;
  std::string message;  // one sentence: what is wrong and what to do
  std::string param{};  // the field that is wrong; empty: none
  std::optional<BudgetDenial> denial{};
  int retry_after_seconds = 0;  // 0: says nothing
  std::string allow{};          // of a 405: the methods that there are
};

template <typename T>
using ApiExpected = tl::expected<T, ApiError>;

/// A 400 about one field.
ApiError bad_value(std::string param, std::string message, std::string code = "invalid_value");
/// `tl::unexpected` of that.
tl::unexpected<ApiError> refuse(std::string param, std::string message, std::string code = "invalid_value");

ApiError not_found(std::string message, std::string code = "not_found");
ApiError method_not_allowed(std::string_view method, std::string allow);
ApiError body_too_large(std::uint64_t limit_bytes);
ApiError queue_full(std::size_t limit, int retry_after_seconds);
ApiError stopping();

/// What a client or a library said, as a part of a message: one line, and not all of a long text.
std::string quoted_line(std::string_view text);

/// What the engine or its service said.
ApiError api_error_of(const Error& error);
ApiError api_error_of(const ServiceFailure& failure);

/// {"error":{"message","type","param","code"}}, and `denial` where memory was the reason.
Json openai_error(const ApiError& error);
/// {"error":"message"}
Json ollama_error(const ApiError& error);

/// One line; invalid UTF-8 is replaced.
std::string to_text(const Json& json);

}  // namespace plimsoll::server
