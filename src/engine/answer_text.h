// What of the model's pieces is the answer: without the space that models begin with, and ended before the
// first of some texts. What may be the beginning of one of them is held back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::engine {

class AnswerText {
 public:
  /// Empty texts stop nothing.
  explicit AnswerText(std::vector<std::string> stops);

  /// Takes the next piece; returns what can be shown of it and of what was held back before.
  /// REQUIRES: not ended().
  std::string push(std::string_view piece);

  /// Whether one of the texts came: the answer has ended before it.
  bool ended() const { return ended_; }

  /// What is still held back, where the answer ends without any of the texts.
  std::string take_rest();

 private:
  std::string_view without_leading_space(std::string_view piece);
  std::size_t held_back() const;

  std::vector<std::string> stops_;
  std::string tail_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace plimsoll::engine
