// A picture that a question is about: a file, bytes, or a frame of a video. Belongs to one thread.
#pragma once

#include <algorithm>
#include <memory>

#include "engine/prompt.h"
#include "plimsoll/media.h"

namespace plimsoll::engine {

/// A video on its way, shared by its frames: they are read in order, and those that nobody wants are skipped.
class AskedVideo {
 public:
  /// See VideoFrames::open(). REQUIRES: `pool` and `cancelled` outlive it.
  static Expected<std::shared_ptr<AskedVideo>> open(const VideoSource& source, const VideoOptions& options,
                                                    MemoryPool& pool, const std::atomic<bool>* cancelled);

  const VideoFrames& frames() const { return frames_; }
  /// See VideoFrames::spread().
  void spread(int max_frames) { frames_.spread(max_frames); }
  /// What tells its frame `index` from all other pictures: the file by its name, size and time of writing.
  media::ContentHash identity(std::size_t index) const;
  /// REQUIRES: a later frame than the last one asked for.
  Expected<Image> decode(std::size_t index);

 private:
  AskedVideo(VideoFrames frames, std::uint64_t file) : frames_(std::move(frames)), file_(file) {}

  VideoFrames frames_;
  std::uint64_t file_;
  std::size_t read_ = 0;
};

struct AskedPicture {
  const ImageSource* source = nullptr;  // or
  std::shared_ptr<AskedVideo> video{};
  std::size_t frame = 0;

  int image_size = 0;    // see MemoryConfiguration
  std::size_t part = 0;  // of the prompt

  /// Pixels of its longest side that a model sees whose encoder looks no closer than `longest_edge`; 0:
  /// which does not say.
  int seen_side(int longest_edge) const {
    return longest_edge > 0 ? std::min(longest_edge, image_size) : image_size;
  }
  /// Fails as decode_image() does when it can not be read.
  Expected<media::ContentHash> content() const;
  /// Fails as decode_image() or VideoFrames::next() does.
  Expected<Image> decode(int longest_side, MemoryPool& pool, const std::atomic<bool>* cancelled) const;
};

}  // namespace plimsoll::engine
