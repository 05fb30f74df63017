#include "engine/answer_text.h"

#include <algorithm>
#include <utility>

namespace plimsoll::engine {

AnswerText::AnswerText(std::vector<std::string> stops) : stops_(std::move(stops)) { std::erase(stops_, ""); }

std::string_view AnswerText::without_leading_space(std::string_view piece) {
  if (begun_) return piece;
  const auto start = piece.find_first_not_of(" \t\n");
  begun_ = start != std::string_view::npos;
  return begun_ ? piece.substr(start) : std::string_view();
}

std::string AnswerText::push(std::string_view piece) {
  tail_ += without_leading_space(piece);
  std::size_t end = std::string::npos;
  for (const std::string& stop : stops_) end = std::min(end, tail_.find(stop));
  ended_ = end != std::string::npos;
  if (!ended_) end = tail_.size() - held_back();
  std::string shown = tail_.substr(0, end);
  tail_.erase(0, end);
  if (ended_) tail_.clear();
  return shown;
}

// The longest end of the tail that one of the texts begins with.
std::size_t AnswerText::held_back() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, tail_.size()); n > longest; --n) {
      if (std::string_view(tail_).ends_with(std::string_view(stop).substr(0, n))) longest = n;
    }
  }
  return longest;
}

std::string AnswerText::take_rest() { return std::exchange(tail_, {}); }

}  // namespace plimsoll::engine
