#include "engine/system_prompt.h"

#include <algorithm>
#include <string_view>

namespace plimsoll::engine {

std::string system_prompt(const GenerationRequest& request, const ModelFiles& files) {
  const auto any = [&](auto has) { return std::any_of(request.turns.begin(), request.turns.end(), has); };
  std::string_view usual;
  if (any([](const Turn& turn) { return !turn.images.empty(); })) usual = kDefaultImageSystemPrompt;
  if (any([](const Turn& turn) { return turn.video.has_value(); })) usual = kDefaultVideoSystemPrompt;
  return request.system_prompt.value_or(files.system_prompt.value_or(std::string(usual)));
}

}  // namespace plimsoll::engine
