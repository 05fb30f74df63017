// OpenAI's chat.completion object and its chunks, with the field `plimsoll`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/answer_format.h"

namespace plimsoll::server {

/// `stream_usage`: the usage is the stream's last object.
std::unique_ptr<AnswerFormat> openai_format(std::string model, bool stream_usage);

/// `plimsoll` of an answer: timing, image, memory and what else there is to say of it.
Json figures_of(const Answer& answer, std::chrono::milliseconds queued);

}  // namespace plimsoll::server
