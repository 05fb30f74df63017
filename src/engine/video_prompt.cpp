#include "engine/video_prompt.h"

#include <algorithm>
#include <array>

#include "plimsoll/media.h"

namespace plimsoll::engine {

namespace {

constexpr std::array<std::string_view, 20> kSmallNumbers = {
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 10> kTens = {"",      "",      "twenty",  "thirty", "forty",
                                                    "fifty", "sixty", "seventy", "eighty", "ninety"};

// "sixty-four"
std::string in_words(std::size_t number) {
  if (number < kSmallNumbers.size()) return std::string(kSmallNumbers[number]);
  std::string words(kTens[number / 10]);
  if (number % 10 != 0) words += "-" + std::string(kSmallNumbers[number % 10]);
  return words;
}

std::string two_digits(long number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// "0:10:00"
std::string hours_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  return std::to_string(whole / 3600) + ":" + two_digits(whole / 60 % 60) + ":" + two_digits(whole % 60);
}

// "09:55"; minutes go on after the first hour.
std::string minutes_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  return two_digits(whole / 60) + ":" + two_digits(whole % 60);
}

}  // namespace

std::string video_text(double duration_seconds, std::span<const double> frame_seconds,
                       std::string_view marker) {
  std::string text = "You are provided the following series of " + in_words(frame_seconds.size()) +
                     " frames from a " + hours_text(duration_seconds) + " [H:MM:SS] video.\n";
  for (const double seconds : frame_seconds) {
    text += "\nFrame from " + minutes_text(seconds) + ":";
    text += marker;
  }
  return text + "\n\n";
}

// "sixty-four" may be a token more than "seventy": what was found is tried, and given up a frame at a time.
int video_frames_that_fit(const std::function<int(int frames)>& positions_with, int free_positions) {
  int fits = 0, too_many = kMaxVideoFrames + 1;
  while (too_many - fits > 1) {
    const int middle = (fits + too_many) / 2;
    (positions_with(middle) <= free_positions ? fits : too_many) = middle;
  }
  while (fits > 0 && positions_with(fits) > free_positions) --fits;
  return fits;
}

}  // namespace plimsoll::engine
