// Lets others watch this program's ledger: a socket that sends each watcher a JSON line at once and then four
// times a second. While nobody watches, its thread sleeps.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "cli/ledger_folder.h"
#include "report/ledger_snapshot.h"

namespace plimsoll::cli {

using report::LedgerSnapshot;
using report::TakeSnapshot;

struct LedgerSocketOptions {
  std::vector<std::filesystem::path> folders = ledger_folders();
  std::chrono::milliseconds interval{250};
};

class LedgerSocket {
 public:
  /// Where no socket can be made the program goes on without one; the log says why, at debug level.
  /// `take` is called on the socket's thread. REQUIRES: it does not throw.
  explicit LedgerSocket(TakeSnapshot take, LedgerSocketOptions options = {});
  /// Blocking until a running `take` has returned.
  ~LedgerSocket();
  LedgerSocket(const LedgerSocket&) = delete;
  LedgerSocket& operator=(const LedgerSocket&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;  // empty where there is no socket
};

}  // namespace plimsoll::cli
