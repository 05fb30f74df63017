#include "cli/ledger_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>

#include "tests/temporary_folder.h"
#include "tests/unit/example_snapshot.h"

namespace plimsoll::cli {
namespace {

using report::example_snapshot;
using report::parse_snapshot;

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kNeverAgain = 1h;

class Watching {
 public:
  explicit Watching(const fs::path& folder) {
    auto ledgers = connect_to_ledgers({folder});
    EXPECT_EQ(ledgers.size(), 1U);
    if (ledgers.empty()) return;
    EXPECT_EQ(ledgers.front().pid, getpid());
    stream_ = std::move(ledgers.front().stream);
  }

  /// The next line; empty at the end of the stream.
  std::string line() {
    for (;;) {
      if (const auto end = unread_.find('\n'); end != std::string::npos) {
        const std::string whole = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        return whole;
      }
      if (!read_some()) return "";
    }
  }

  bool read_some() {
    pollfd waiting{stream_.get(), POLLIN, 0};
    EXPECT_EQ(poll(&waiting, 1, 10000), 1) << "nothing came";
    std::array<char, 65536> bytes{};
    const auto count = read(stream_.get(), bytes.data(), bytes.size());
    if (count > 0) unread_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

 private:
  FileDescriptor stream_;
  std::string unread_;
};

class LedgerSocketTest : public testing::Test {
 protected:
  TakeSnapshot counted_examples() {
    return [this](std::uint64_t) {
      ++taken_;
      return example_snapshot();
    };
  }
  LedgerSocketOptions options(std::chrono::milliseconds interval) const { return {{folder_}, interval}; }
  fs::path socket_path() const { return folder_ / (std::to_string(getpid()) + ".sock"); }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path() / "ledgers";
  std::atomic<int> taken_{0};
};

TEST_F(LedgerSocketTest, TellsAWatcherAtOnce) {
  const LedgerSocket socket(counted_examples(), options(kNeverAgain));
  EXPECT_EQ(Watching(folder_).line(), snapshot_line(example_snapshot()));
}

TEST_F(LedgerSocketTest, TellsEveryWatcherAgainAndAgain) {
  const LedgerSocket socket(counted_examples(), options(1ms));
  Watching first(folder_), second(folder_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(first.line(), "");
    EXPECT_NE(second.line(), "");
  }
}

TEST_F(LedgerSocketTest, TellsEachWatcherOnlyWhatItHasNotHeardOf) {
  const LedgerSocket socket(
      [](std::uint64_t after) {
        LedgerSnapshot snapshot = example_snapshot();
        snapshot.reclaims = {{.sequence = after + 1}, {.sequence = after + 2}};
        return snapshot;
      },
      options(1ms));
  for (int watcher = 0; watcher < 2; ++watcher) {
    Watching watching(folder_);
    for (const std::uint64_t next : {1U, 3U, 5U}) {
      const auto snapshot = parse_snapshot(watching.line());
      ASSERT_TRUE(snapshot);
      EXPECT_EQ(snapshot->reclaims.at(0).sequence, next);
    }
  }
}

TEST_F(LedgerSocketTest, TakesNoSnapshotWhileNobodyWatches) {
  const LedgerSocket socket(counted_examples(), options(kNeverAgain));
  EXPECT_TRUE(fs::exists(socket_path()));
  EXPECT_EQ(taken_, 0);
  Watching(folder_).line();
  EXPECT_EQ(taken_, 1);
}

TEST_F(LedgerSocketTest, GivesASlowWatcherWholeLines) {
  LedgerSnapshot large = example_snapshot();
  large.model = std::string(1U << 20U, 'x');  // more than the system keeps for a reader
  const LedgerSocket socket([&](std::uint64_t) { return large; }, options(1ms));
  Watching slow(folder_), idle(folder_);
  ASSERT_TRUE(idle.read_some());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(slow.line(), snapshot_line(large));
}

TEST_F(LedgerSocketTest, GoesOnWhenAWatcherLeavesInTheMiddleOfALine) {
  LedgerSnapshot large = example_snapshot();
  large.model = std::string(1U << 20U, 'x');
  const LedgerSocket socket([&](std::uint64_t) { return large; }, options(1ms));
  {
    Watching(folder_).read_some();
  }
  Watching stays(folder_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stays.line(), snapshot_line(large));
}

TEST_F(LedgerSocketTest, EndsTheStreamAndTakesItsNameAway) {
  auto socket = std::make_unique<LedgerSocket>(counted_examples(), options(kNeverAgain));
  Watching watching(folder_);
  EXPECT_NE(watching.line(), "");
  socket.reset();
  EXPECT_EQ(watching.line(), "");
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(LedgerSocketTest, TakesTheNextFolderWhereOneCannotBeUsed) {
  const fs::path too_long = temporary_.path() / std::string(120, 'x');
  const LedgerSocket socket(counted_examples(),
                            {{temporary_.path() / "none" / "ledgers", too_long, folder_}});
  EXPECT_TRUE(fs::exists(socket_path()));
}

TEST_F(LedgerSocketTest, IsNoMatterWhereNoFolderCanBeUsed) {
  const LedgerSocket nowhere(counted_examples(), {{temporary_.path() / "none" / "ledgers"}});
  const LedgerSocket without_folders(counted_examples(), {{}});
  EXPECT_TRUE(fs::is_empty(temporary_.path()));
}

TEST_F(LedgerSocketTest, ReplacesAndRemovesWhatKilledProgramsLeft) {
  ASSERT_TRUE(make_private_folder(folder_));
  for (const fs::path& left : {socket_path(), folder_ / "999999999.sock"}) {
    const FileDescriptor killed = make_socket();
    const auto address = socket_address(left);
    ASSERT_EQ(::bind(killed.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)), 0);
  }
  const LedgerSocket socket(counted_examples(), options(kNeverAgain));
  EXPECT_NE(Watching(folder_).line(), "");
  EXPECT_FALSE(fs::exists(folder_ / "999999999.sock"));
}

}  // namespace
}  // namespace plimsoll::cli
