#include "models/patience.h"

#include <algorithm>
#include <thread>

namespace plimsoll::models {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{1000};
constexpr milliseconds kLongest{30000};
constexpr std::chrono::seconds kLongestAsked{120};
constexpr milliseconds kCancelIsHeardWithin{50};

}  // namespace

Wait wait_by_clock(const CancelFlag& cancel) {
  return [&cancel](milliseconds pause) {
    const auto end = std::chrono::steady_clock::now() + pause;
    while (!cancel.cancelled() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::min(kCancelIsHeardWithin, pause));
    }
    return !cancel.cancelled();
  };
}

std::optional<milliseconds> Patience::after_failure(std::optional<std::chrono::seconds> asked) {
  if (++failures_ >= tries_) return std::nullopt;
  const milliseconds pause = std::min(kFirst * (1 << std::min(failures_ - 1, 10)), kLongest);
  return asked ? std::max<milliseconds>(pause, std::min(*asked, kLongestAsked)) : pause;
}

}  // namespace plimsoll::models
