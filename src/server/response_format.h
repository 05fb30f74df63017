// The shape that an answer shall have, as a grammar (GBNF) for the sampler. Pure, thread-safe.
#pragma once

#include <string>

#include "server/fields.h"

namespace plimsoll::server {

/// OpenAI's `response_format`. Empty: any text.
ApiExpected<std::string> grammar_of_response_format(const Fields& fields);

/// Ollama's `format`: "json" or a schema. Empty: any text.
ApiExpected<std::string> grammar_of_format(const Fields& fields);

}  // namespace plimsoll::server
