#include "server/question.h"

#include <utility>

namespace plimsoll::server {

ApiError blame(ApiError error, const GenerationRequest& request, const std::string& video_param) {
  for (const Turn& turn : request.turns) {
    if (turn.video) {
      const std::string name = turn.video->name();
      for (auto at = error.message.find(name); at != std::string::npos;
           at = error.message.find(name, at + video_param.size())) {
        error.message.replace(at, name.size(), video_param);
        error.param = video_param;
      }
    }
    for (const ImageSource& image : turn.images) {
      if (!image.label.empty() && error.message.starts_with(image.label + ":")) error.param = image.label;
    }
  }
  if (error.status != 400) return error;
  if (error.param.empty()) {
    error.param = "messages";
  } else {
    error.code = error.param == video_param ? "invalid_video" : "invalid_image";
  }
  return error;
}

}  // namespace plimsoll::server
