// A trial in a process of its own, inside a memory cgroup where one can be made: it may be killed, and that
// is counted.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "prove/measurements.h"
#include "session/options.h"

namespace plimsoll::prove {

struct TrialOrder {
  session::SessionOptions options{};
  Plan plan{};
  std::vector<std::filesystem::path> pictures{};
};

/// The bytes that a device of this size leaves an app (spec section 7), as a plan believes it.
std::uint64_t app_share_of(std::uint64_t device_memory_bytes);

/// Where pictures to ask about are: the bundled model's examples. Fails with `not_found`.
Expected<std::vector<std::filesystem::path>> example_pictures();

/// What is going on, for people: "stress, round 7 of 20: 21.3 tokens/s, 580 MiB".
using ProgressText = std::function<void(std::string_view)>;

/// Runs the order in this program, started again as `arguments` and one word more that says what to do. A
/// process that dies is started again with the part behind the one that it died in. Blocking; when
/// `cancelled` becomes true, the process is ended within 50 ms and what was measured so far is returned.
Trial run_trial(const TrialOrder& order, const std::vector<std::string>& arguments,
                const std::atomic<bool>* cancelled, const ProgressText& on_progress);

/// What such a process does with that word: the rounds, each event a line on stdout. Returns the exit code.
/// REQUIRES: the process has one thread.
int run_trial_process(const std::string& word);

}  // namespace plimsoll::prove
