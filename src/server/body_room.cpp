#include "server/body_room.h"

namespace plimsoll::server {

ApiExpected<std::shared_ptr<void>> BodyRoom::take(std::uint64_t bytes) {
  if (bytes > limit_bytes_) return tl::unexpected(body_too_large(limit_bytes_));
  if (taken_.fetch_add(bytes) + bytes > kBodies * limit_bytes_) {
    taken_ -= bytes;
    ApiError crowded = queue_full(kBodies, 1);
    crowded.message = "other requests take the room for this one's pictures; ask again in 1 s";
    return tl::unexpected(std::move(crowded));
  }
  return std::shared_ptr<void>(this, [bytes](void* room) { static_cast<BodyRoom*>(room)->taken_ -= bytes; });
}

}  // namespace plimsoll::server
