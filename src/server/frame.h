// The messages between a server and its worker: a JSON object, and bytes beside it that would only grow in
// JSON. On the wire: two lengths of four bytes, little-endian (the JSON text, the number of blobs), the text,
// then each blob after a length of its own. Both ends are one program on one machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/error.h"
#include "report/json.h"

namespace plimsoll::server {

using report::Json;

struct Frame {
  Json head;  // an object with a string "type"
  std::vector<std::string> blobs{};

  std::string_view type() const { return head.at("type").get_ref<const std::string&>(); }
};

struct FrameLimits {
  std::size_t head_bytes = std::size_t{64} << 20;
  std::size_t blobs = 256;
  std::size_t blob_bytes = std::size_t{512} << 20;
};

/// Fails with `invalid_argument` where the frame is beyond the limits: nobody would read it.
Expected<std::string> encode_frame(const Frame& frame, const FrameLimits& limits = {});

/// Puts frames together from bytes as they come. Belongs to one thread. After a failure the stream is lost:
/// nobody knows where the next frame begins.
class FrameDecoder {
 public:
  explicit FrameDecoder(FrameLimits limits = {}) : limits_(limits) {}

  /// Fails with `io` on a length beyond the limits, and on text that is not an object with a type. Memory is
  /// taken as bytes come, never because a length says so.
  Expected<void> feed(std::string_view bytes);

  /// Whether a whole frame waits. pop() REQUIRES it.
  bool has_frame() const { return !frames_.empty(); }
  Frame pop();

 private:
  enum class Part { lengths, head, blob_length, blob };

  std::size_t wanted() const;
  Expected<void> finish_part();
  Expected<void> finish_head();
  void next_blob();

  FrameLimits limits_;
  Part part_ = Part::lengths;
  std::string buffer_;  // of the part that is being read
  std::size_t head_bytes_ = 0;
  std::size_t blobs_left_ = 0;
  std::size_t blob_bytes_ = 0;
  Frame frame_;
  std::deque<Frame> frames_;
  bool lost_ = false;
};

}  // namespace plimsoll::server
