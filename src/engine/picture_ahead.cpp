#include "engine/picture_ahead.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "engine/asked_picture.h"
#include "engine/model_files.h"

namespace plimsoll::engine {

namespace {

const ImageSource* first_picture(const GenerationRequest& request) {
  for (const Turn& turn : request.turns) {
    if (!turn.images.empty()) return &turn.images.front();
  }
  return nullptr;
}

bool is_known(const AskedPicture& picture, const ModelFiles& files, QuestionCache* cache) {
  if (cache == nullptr) return false;
  const auto content = picture.content();
  return content && cache->find_picture({*content, identity(files), picture.image_size});
}

}  // namespace

std::unique_ptr<PictureAhead> PictureAhead::begin(const GenerationRequest& request, int image_size,
                                                  const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                                  std::shared_ptr<QuestionCache> cache,
                                                  CancelFlagPtr cancel) {
  const ImageSource* source = first_picture(request);
  if (source == nullptr || files.vision.empty()) return nullptr;
  auto decode = [picture = AskedPicture{.source = source, .image_size = image_size}, files,
                 pool = std::move(pool), cache = std::move(cache),
                 cancel = std::move(cancel)]() -> std::optional<Decoded> {
    const auto vision = read_model_file(files.vision);
    if (!vision || is_known(picture, files, cache.get())) return std::nullopt;
    const int longest_side = picture.seen_side(vision->image_longest_edge);
    auto image = picture.decode(longest_side, *pool, cancel->raw());
    if (!image) return std::nullopt;
    return Decoded{std::move(*image), longest_side};
  };
  try {
    return std::unique_ptr<PictureAhead>(
        new PictureAhead(*source, std::async(std::launch::async, std::move(decode))));
  } catch (const std::system_error&) {
    return nullptr;
  }
}

PictureAhead::~PictureAhead() {
  if (decoded_.valid()) decoded_.wait();
}

void PictureAhead::wait(const std::function<void()>& meanwhile) const {
  constexpr std::chrono::milliseconds kGlance{5};
  while (decoded_.valid() && decoded_.wait_for(kGlance) != std::future_status::ready) {
    if (meanwhile) meanwhile();
  }
}

std::optional<Image> PictureAhead::take(const ImageSource& source, int longest_side) {
  if (&source != &source_ || !decoded_.valid()) return std::nullopt;
  auto decoded = decoded_.get();
  if (!decoded || decoded->longest_side != longest_side) return std::nullopt;
  return std::move(decoded->image);
}

}  // namespace plimsoll::engine
