#include "server/frame.h"

#include <algorithm>
#include <utility>

namespace plimsoll::server {

namespace {

constexpr std::size_t kLengthBytes = 4;

void put_length(std::string& out, std::size_t length) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) out.push_back(static_cast<char>(length >> (8 * i) & 0xFF));
}

std::size_t length_at(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return length;
}

tl::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorCode::io, "a message between server and worker is broken: " + what);
}

}  // namespace

Expected<std::string> encode_frame(const Frame& frame, const FrameLimits& limits) {
  const std::string head = report::text_of(frame.head);
  std::size_t size = 2 * kLengthBytes + head.size();
  bool fits = head.size() <= limits.head_bytes && frame.blobs.size() <= limits.blobs;
  for (const std::string& blob : frame.blobs) {
    fits = fits && blob.size() <= limits.blob_bytes;
    size += kLengthBytes + blob.size();
  }
  if (!fits) return fail(ErrorCode::invalid_argument, "the request is larger than the engine takes");
  std::string out;
  out.reserve(size);
  put_length(out, head.size());
  put_length(out, frame.blobs.size());
  out += head;
  for (const std::string& blob : frame.blobs) {
    put_length(out, blob.size());
    out += blob;
  }
  return out;
}

Expected<void> FrameDecoder::feed(std::string_view bytes) {
  if (lost_) return broken("an earlier one was");
  while (!bytes.empty()) {
    const std::size_t take = std::min(bytes.size(), wanted() - buffer_.size());
    buffer_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    // A part of no bytes is complete without another one.
    while (!lost_ && buffer_.size() == wanted()) {
      if (auto done = finish_part(); !done) {
        lost_ = true;
        return done;
      }
    }
  }
  return {};
}

Frame FrameDecoder::pop() {
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

std::size_t FrameDecoder::wanted() const {
  switch (part_) {
    case Part::lengths:
      return 2 * kLengthBytes;
    case Part::head:
      return head_bytes_;
    case Part::blob_length:
      return kLengthBytes;
    case Part::blob:
      break;
  }
  return blob_bytes_;
}

Expected<void> FrameDecoder::finish_part() {
  switch (part_) {
    case Part::lengths:
      head_bytes_ = length_at(buffer_);
      blobs_left_ = length_at(std::string_view(buffer_).substr(kLengthBytes));
      if (head_bytes_ > limits_.head_bytes) return broken("its text is too long");
      if (blobs_left_ > limits_.blobs) return broken("it has too many parts");
      part_ = Part::head;
      break;
    case Part::head:
      if (auto read = finish_head(); !read) return read;
      next_blob();
      break;
    case Part::blob_length:
      blob_bytes_ = length_at(buffer_);
      if (blob_bytes_ > limits_.blob_bytes) return broken("a part is too long");
      part_ = Part::blob;
      break;
    case Part::blob:
      frame_.blobs.push_back(std::exchange(buffer_, {}));
      --blobs_left_;
      next_blob();
      break;
  }
  buffer_.clear();
  return {};
}

Expected<void> FrameDecoder::finish_head() {
  frame_.head = Json::parse(buffer_, nullptr, false);
  const bool known =
      frame_.head.is_object() && frame_.head.contains("type") && frame_.head["type"].is_string();
  if (!known) return broken("its text is no object with a type");
  return {};
}

void FrameDecoder::next_blob() {
  if (blobs_left_ > 0) {
    part_ = Part::blob_length;
    return;
  }
  frames_.push_back(std::exchange(frame_, {}));
  part_ = Part::lengths;
}

}  // namespace plimsoll::server
