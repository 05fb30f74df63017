// Whether a worker that ran out of memory ran out of it for a request's own picture or video, which no plan
// can make smaller. Pure functions on what the worker said last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace plimsoll::server {

enum class MediaKind { none, picture, video };

/// A request that the worker has, as far as its pictures or its video go.
struct SentRequest {
  std::uint64_t id = 0;
  MediaKind media = MediaKind::none;
  bool is_seen = false;      // all of them have been through the encoder, or the answer has begun
  bool is_heard_of = false;  // the worker said something, of this or of its memory, since it was sent
};

/// What the worker's latest sample says.
struct MediaMemory {
  bool is_loaded = false;         // the model
  std::size_t held_bytes = 0;     // by the holder `media`
  std::size_t planned_bytes = 0;  // for it, at its highest
};

/// Well above what the plan counts for pictures: half as much again, and 8 MiB at the least.
bool is_beyond_plan(const MediaMemory& memory);

/// The id of the request whose picture or video took the memory; empty: it was something else. `sent` in
/// their order: prompts are read one after the other, so that the first with media not seen is the one at
/// work. It is to blame where media held well more than was planned, or where the worker, its model loaded,
/// died before it had said anything after it was sent.
std::optional<std::uint64_t> request_to_blame(std::span<const SentRequest> sent, const MediaMemory& memory);

}  // namespace plimsoll::server
