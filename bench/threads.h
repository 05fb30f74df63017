// How many threads every comparison gives to each side: the processors of the reference machine.
#pragma once

namespace plimsoll::bench {

inline constexpr int kThreads = 2;

}  // namespace plimsoll::bench
