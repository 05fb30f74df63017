// The check-list of spec section 8: ten points and how soon a response starts, each with its figure and
// bound. Pure functions of what was measured.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "prove/figures.h"

namespace plimsoll::prove {

enum class PointOfList {
  standard_class,
  cache_limit,
  speed,
  image_size,
  max_tokens,
  model_stays,
  no_needless_cleanup,
  caller_not_blocked,
  stable_long_run,
  peak_memory,
  response,
};
inline constexpr int kPointCount = 11;

struct Check {
  PointOfList point = PointOfList::standard_class;
  std::string number;  // "1" to "10"; "+" for the response, which the document lists beside them
  std::string what;
  std::string figure;
  std::string bound;
  std::string note;  // how it was measured, or what else is to know; may be empty
  bool passed = false;
};

/// Bounds that are the document's own.
inline constexpr std::uint64_t kLeastCacheBytes = 15ULL << 20;
inline constexpr double kLeastTokensPerSecond = 15;
inline constexpr int kLeastImageSize = 384;
inline constexpr int kLeastMaxTokens = 800;
inline constexpr std::uint64_t kPeakBelowBytes = 2560ULL << 20;  // 2.5 GB
inline constexpr double kResponseBelowMs = 2000;
/// Ours: what "never blocked" and "stable" are taken to mean.
inline constexpr double kBlockedBelowMs = 1;
inline constexpr std::uint64_t kGrowthBelowBytes = 32ULL << 20;  // over the long run

/// In the document's order. What was not measured has not passed.
std::vector<Check> check_list(const Trial& trial);

/// "20 s", "30 minutes".
std::string length_text(std::chrono::milliseconds length);

/// Whether a trial is a proof: every point passed, and every part came to its end.
bool is_proof(const Trial& trial);

}  // namespace plimsoll::prove
