#include "cli/session.h"

#include <utility>

namespace plimsoll::cli {

Turn first_turn(const ModelOptions& options) {
  Turn turn;
  for (const std::string& image : options.images) turn.images.push_back({std::filesystem::path(image)});
  if (options.video) turn.video = VideoSource{*options.video};
  return turn;
}

GenerationRequest make_request(const ModelOptions& options, std::vector<Turn> turns) {
  return {.turns = std::move(turns), .system_prompt = options.system_prompt, .seed = options.seed};
}

}  // namespace plimsoll::cli
