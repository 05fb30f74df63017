#include "server/media_blame.h"

#include <algorithm>

#include "plimsoll/size.h"

namespace plimsoll::server {

bool is_beyond_plan(const MediaMemory& memory) {
  constexpr std::size_t kLeast = 8 * kMiB;
  return memory.held_bytes > memory.planned_bytes + std::max(memory.planned_bytes / 2, kLeast);
}

std::optional<std::uint64_t> request_to_blame(std::span<const SentRequest> sent, const MediaMemory& memory) {
  const auto reading = std::ranges::find_if(
      sent, [](const SentRequest& request) { return request.media != MediaKind::none && !request.is_seen; });
  if (reading == sent.end()) return std::nullopt;
  const bool before_a_word = memory.is_loaded && !reading->is_heard_of;
  if (!is_beyond_plan(memory) && !before_a_word) return std::nullopt;
  return reading->id;
}

}  // namespace plimsoll::server
