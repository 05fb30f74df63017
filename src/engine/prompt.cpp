#include "engine/prompt.h"

#include <algorithm>
#include <numeric>

namespace plimsoll::engine {

std::size_t common_parts(std::span<const PromptPart> a, std::span<const PromptPart> b) {
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end(),
                                    [](const PromptPart& x, const PromptPart& y) { return x.same_as(y); });
  return static_cast<std::size_t>(differ.first - a.begin());
}

int positions_of(std::span<const PromptPart> parts) {
  return std::accumulate(parts.begin(), parts.end(), 0,
                         [](int sum, const PromptPart& part) { return sum + part.positions; });
}

std::size_t parts_through_pictures(std::span<const PromptPart> parts) {
  std::size_t count = parts.size();
  while (count > 0 && !parts[count - 1].is_picture()) --count;
  return count;
}

void Prompt::add_text(const std::vector<llama_token>& tokens) {
  for (const llama_token token : tokens) parts_.push_back({.token = token});
}

void Prompt::add_picture(const PictureKey& key) { parts_.push_back({.key = key, .positions = 0}); }

void Prompt::show(std::size_t index, EncodedPicturePtr picture) {
  parts_[index].positions = picture->positions();
  pictures_.emplace_back(index, std::move(picture));
}

int Prompt::widest_batch() const {
  int widest = 0;
  for (const auto& [index, picture] : pictures_) widest = std::max(widest, picture->widest_batch());
  return widest;
}

bool Prompt::counts_up() const {
  return std::all_of(pictures_.begin(), pictures_.end(),
                     [](const auto& shown) { return shown.second->counts_up(); });
}

Expected<void> Prompt::prefill(std::size_t begin, TextSequence& sequence, const CancelFlagPtr& cancel,
                               const std::function<void()>& between) const {
  PromptFeed feed(sequence, cancel, between);
  Expected<void> done;
  for (std::size_t i = begin; i < parts_.size() && done; ++i) {
    const PromptPart& part = parts_[i];
    if (part.is_picture()) {
      const auto found = std::find_if(pictures_.begin(), pictures_.end(),
                                      [&](const auto& shown) { return shown.first == i; });
      done = found->second->prefill(feed);
    } else {
      done = feed.tokens({&part.token, 1});
    }
  }
  return done ? feed.flush() : done;
}

}  // namespace plimsoll::engine
