// Brings one file from a server to its place, through whatever the network does meanwhile: goes on where it
// was cut off, waits and tries again, and checks length, magic and SHA-256 before the file gets its name.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "models/http.h"
#include "models/model_to_pull.h"
#include "models/patience.h"
#include "plimsoll/cancel.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

struct RemoteFile {
  std::string url;
  std::string repository;  // for messages
  FileToPull file{};
};

struct DownloadProgress {
  enum class Phase { fetching, waiting, checking };
  Phase phase = Phase::fetching;
  std::string file{};                    // its name here
  std::uint64_t done_bytes = 0;          // fetched, or checked
  std::optional<std::uint64_t> bytes{};  // of all of it, where known
  std::string reason{};                  // waiting: what went wrong, and for how long it waits
};

struct DownloadOptions {
  std::string token{};
  std::chrono::milliseconds stall{30000};  // give a connection up when nearly nothing comes for so long
  int tries = 5;                           // in a row that bring less than a MiB
  Http http{};                             // empty: http_get()
  Wait wait{};                             // empty: wait_by_clock()
  std::function<void(const DownloadProgress&)> on_progress{};
  /// Whether the whole file is what it should be, beyond its hash. Empty: no more than that.
  std::function<Expected<void>(const std::filesystem::path&)> check{};
};

/// Blocking. The folder of `target` must exist. On failure and on cancel what has come stays for the next
/// run, unless it was wrong. Fails with `cancelled`, `not_found`, `io`, or `invalid_argument` (not what was
/// expected: another hash or length, not a GGUF file).
Expected<void> download(const RemoteFile& remote, const std::filesystem::path& target,
                        const DownloadOptions& options, const CancelFlag& cancel);

}  // namespace plimsoll::models
