#include "engine/asked_picture.h"

#include <functional>
#include <utility>

namespace plimsoll::engine {

namespace {

std::uint64_t identity_of(const std::filesystem::path& path) {
  std::error_code error;
  std::uint64_t hash = std::hash<std::string>{}(std::filesystem::absolute(path, error).string());
  for (const auto value : {static_cast<std::uint64_t>(std::filesystem::file_size(path, error)),
                           static_cast<std::uint64_t>(
                               std::filesystem::last_write_time(path, error).time_since_epoch().count())}) {
    hash = hash * 1099511628211U + value;
  }
  return hash;
}

}  // namespace

Expected<std::shared_ptr<AskedVideo>> AskedVideo::open(const VideoSource& source, const VideoOptions& options,
                                                       MemoryPool& pool, const std::atomic<bool>* cancelled) {
  auto frames = VideoFrames::open(source, options, pool, cancelled);
  if (!frames) return tl::unexpected(frames.error());
  return std::shared_ptr<AskedVideo>(new AskedVideo(std::move(*frames), identity_of(source.path)));
}

media::ContentHash AskedVideo::identity(std::size_t index) const {
  return {file_, std::hash<double>{}(frames_.times()[index])};
}

Expected<Image> AskedVideo::decode(std::size_t index) {
  for (;;) {
    auto frame = frames_.next();
    if (!frame) return tl::unexpected(frame.error());
    if (read_++ == index) return std::move(frame->image);
  }
}

Expected<media::ContentHash> AskedPicture::content() const {
  return video ? video->identity(frame) : media::content_hash(*source);
}

Expected<Image> AskedPicture::decode(int longest_side, MemoryPool& pool,
                                     const std::atomic<bool>* cancelled) const {
  return video ? video->decode(frame) : decode_image(*source, longest_side, pool, cancelled);
}

}  // namespace plimsoll::engine
