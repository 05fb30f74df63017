// The test plan of spec section 8: which parts it has, and how long each is.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace plimsoll::prove {

/// In the order in which they are done.
enum class Part { first_load, in_a_row, switching, stress, long_run, calls };
inline constexpr int kPartCount = 6;

/// "first load", "five in a row", "switching pictures", "stress", "long run", "calls".
std::string_view to_string(Part part);
std::optional<Part> part_from_string(std::string_view name);

struct Plan {
  int in_a_row = 5;
  int switches = 10;
  int stress_rounds = 20;
  std::chrono::milliseconds stress_pause{2000};  // between two rounds
  std::chrono::milliseconds long_run = std::chrono::minutes(30);
  int cancels = 12;
  std::chrono::milliseconds sample_interval{1000};
  std::optional<int> answer_tokens{};  // an answer's most; empty: the class's
  bool quick = false;                  // every part is shorter than the document says
};

/// As the document says; the long run takes `long_run`.
Plan full_plan(std::chrono::milliseconds long_run);

/// The same parts in seconds, to look at; proves less.
Plan quick_plan();

}  // namespace plimsoll::prove
