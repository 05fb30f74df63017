#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/ledger_folder.h"
#include "cli/watch_view.h"
#include "pressure/wake_pipe.h"
#include "report/ledger_snapshot.h"

namespace plimsoll::cli {

namespace {

constexpr int kForEver = -1;
constexpr int kAnswerWithinMs = 1000;

// The lines of a ledger, until it ends or `interrupted` becomes readable.
class LineStream {
 public:
  LineStream(FileDescriptor stream, const pressure::WakePipe& interrupted)
      : stream_(std::move(stream)), interrupted_(interrupted.descriptor()) {}

  /// Empty at the end, or when nothing came for `timeout_ms`.
  std::optional<std::string> next(int timeout_ms) {
    for (;;) {
      if (const auto end = unread_.find('\n'); end != std::string::npos) {
        std::string line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        return line;
      }
      std::array<pollfd, 2> set{{{stream_.get(), POLLIN, 0}, {interrupted_, POLLIN, 0}}};
      const int ready = ::poll(set.data(), set.size(), timeout_ms);
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0 || set[1].revents != 0) return std::nullopt;
      std::array<char, 4096> bytes{};
      const auto count = ::read(stream_.get(), bytes.data(), bytes.size());
      if (count <= 0) return std::nullopt;
      unread_.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  FileDescriptor stream_;
  int interrupted_;
  std::string unread_;
};

// The view, in place on a terminal; elsewhere a block whenever more than the time has changed.
class Screen {
 public:
  void show(LedgerSnapshot snapshot) {
    reclaims_.insert(reclaims_.end(), snapshot.reclaims.begin(), snapshot.reclaims.end());
    if (reclaims_.size() > ReclaimLadder::kHistory) {
      reclaims_.erase(reclaims_.begin(), reclaims_.end() - ReclaimLadder::kHistory);
    }
    terminal_ ? redraw(snapshot) : print(std::move(snapshot));
  }

 private:
  // Each line clears what it leaves of the old one, and the whole goes out at once: nothing flickers.
  void redraw(const LedgerSnapshot& snapshot) {
    winsize size{};
    ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const std::string view =
        watch_view(snapshot, reclaims_, {.width = size.ws_col > 0 ? size.ws_col : 80, .colour = true});
    std::string frame = std::exchange(first_, false) ? "\033[2J\033[H" : "\033[H";
    int rows_left = size.ws_row > 0 ? size.ws_row - 1 : 24;  // the last row is the cursor's
    for (std::size_t begin = 0; begin < view.size() && rows_left > 0; --rows_left) {
      const std::size_t end = view.find('\n', begin);
      frame += view.substr(begin, end - begin) + "\033[K\n";
      begin = end + 1;
    }
    frame += "\033[J";
    [[maybe_unused]] const auto ignored = ::write(STDOUT_FILENO, frame.data(), frame.size());
  }

  void print(LedgerSnapshot snapshot) {
    const auto uptime = std::exchange(snapshot.uptime, {});
    std::string seen = watch_view(snapshot, reclaims_, {});
    if (seen == seen_) return;
    seen_ = std::move(seen);
    snapshot.uptime = uptime;
    std::cout << watch_view(snapshot, reclaims_, {}) << std::endl;
  }

  const bool terminal_ = isatty(STDOUT_FILENO) == 1;
  bool first_ = true;
  std::string seen_;
  std::vector<ReclaimEvent> reclaims_;
};

Error nothing_to_watch(const std::optional<int>& pid) {
  if (pid)
    return {ErrorCode::not_found, "no plimsoll with the process id " + std::to_string(*pid) + " is running"};
  return {ErrorCode::not_found, "no plimsoll is running; start one with plimsoll run or plimsoll chat"};
}

int ask_for_a_choice(std::vector<OfferedLedger> ledgers, const pressure::WakePipe& interrupted) {
  std::cerr << "plimsoll: several are running; say which: plimsoll watch PID\n";
  for (OfferedLedger& ledger : ledgers) {
    const auto line = LineStream(std::move(ledger.stream), interrupted).next(kAnswerWithinMs);
    const auto snapshot = report::parse_snapshot(line.value_or(""));
    std::cerr << "  " << ledger.pid << "  " << (snapshot ? snapshot->model : "does not answer") << "\n";
  }
  return static_cast<int>(ExitCode::usage);
}

int show_lines(LineStream& lines, bool json) {
  Screen screen;
  while (const auto line = lines.next(kForEver)) {
    if (json) {
      std::cout << *line << std::endl;
    } else if (auto snapshot = report::parse_snapshot(*line)) {
      screen.show(std::move(*snapshot));
    } else {
      return report_error(snapshot.error(), json);
    }
    if (!std::cout)
      return report_error({ErrorCode::io, "the ledger could not be written to the output"}, false);
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

int watch_command(const WatchOptions& options, Interrupt& interrupt) {
  std::vector<OfferedLedger> ledgers = connect_to_ledgers(ledger_folders());
  if (options.pid) std::erase_if(ledgers, [&](const OfferedLedger& l) { return l.pid != *options.pid; });
  if (ledgers.empty()) return report_error(nothing_to_watch(options.pid), options.json);

  pressure::WakePipe interrupted;
  interrupt.call([&] { interrupted.wake(); });
  int exit_code = 0;
  if (ledgers.size() > 1) {
    exit_code = ask_for_a_choice(std::move(ledgers), interrupted);
  } else {
    LineStream lines(std::move(ledgers.front().stream), interrupted);
    exit_code = show_lines(lines, options.json);
  }
  interrupt.call({});
  return interrupt.received() ? static_cast<int>(ExitCode::interrupted) : exit_code;
}

}  // namespace plimsoll::cli
