// Asks the desk a question for a client and answers in a format, at once or as a stream. Thread-safe.
#pragma once

#include <memory>

#include "server/answer_format.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/question.h"

namespace plimsoll::server {

/// Blocking until the client has its answer, or, for a stream, until that has begun; httplib writes the rest.
void answer_question(Context& context, Exchange& exchange, Question question,
                     std::shared_ptr<AnswerFormat> format);

/// The same for loading the model. `whole()` of the format is the answer.
void answer_load(Context& context, Exchange& exchange, std::shared_ptr<AnswerFormat> format);

/// Fails with `model_not_found` where another model is asked for.
ApiExpected<void> check_model(const Context& context, std::string_view asked);

}  // namespace plimsoll::server
