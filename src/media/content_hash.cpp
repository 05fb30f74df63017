#include "media/content_hash.h"

#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "media/picture_bytes.h"

namespace plimsoll::media {

namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;

struct Free {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

Expected<ContentHash> content_hash(const ImageSource& source) {
  auto bytes = PictureBytes::open(source);
  if (!bytes) return tl::unexpected(bytes.error());
  const std::unique_ptr<XXH3_state_t, Free> state(XXH3_createState());
  if (!state || XXH3_128bits_reset(state.get()) != XXH_OK) {
    return fail(ErrorCode::out_of_memory, source.name() + ": no memory to read it");
  }
  std::vector<std::byte> piece(kPieceBytes);
  for (std::uint64_t offset = 0;;) {
    const std::int64_t count = bytes->read_at(offset, piece);
    if (count < 0)
      return fail(ErrorCode::io, source.name() + ": can not be read (" + std::strerror(errno) + ")");
    if (count == 0) break;
    XXH3_128bits_update(state.get(), piece.data(), static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return ContentHash{hash.high64, hash.low64};
}

}  // namespace plimsoll::media
