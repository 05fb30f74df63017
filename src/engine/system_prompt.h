// What a model is told before the question.
#pragma once

#include <plimsoll/evaluator.h>

#include <string>

namespace plimsoll::engine {

/// The request's own, else the model's own, else (spec section 4) the one for what is asked about: a video, a
/// picture, or nothing at all for words alone. Empty: none.
std::string system_prompt(const GenerationRequest& request, const ModelFiles& files);

}  // namespace plimsoll::engine
