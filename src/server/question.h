// A question as the HTTP side knows it, whichever API it came by.
#pragma once

#include <string>
#include <vector>

#include "plimsoll/evaluator.h"
#include "server/api_error.h"
#include "server/temporary_file.h"

namespace plimsoll::server {

struct Question {
  GenerationRequest request{};
  std::vector<TemporaryFile> videos{};
  std::string video_param{};  // the field that the video came in
  std::string model{};        // as it was asked for; empty: whichever there is
  bool stream = false;
  bool include_usage = false;
};

/// What the engine's refusal of a question means for the one who asked: the field is named, files of ours are
/// not.
ApiError blame(ApiError error, const GenerationRequest& request, const std::string& video_param);

}  // namespace plimsoll::server
