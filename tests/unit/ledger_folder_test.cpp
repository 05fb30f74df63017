#include "cli/ledger_folder.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "tests/temporary_folder.h"

namespace plimsoll::cli {
namespace {

namespace fs = std::filesystem;

class LedgerFolder : public testing::Test {
 protected:
  LedgerFolder() { EXPECT_TRUE(make_private_folder(folder_)); }

  FileDescriptor bind_socket(const std::string& name) {
    FileDescriptor socket = make_socket();
    const auto address = socket_address(folder_ / name);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)), 0);
    return socket;
  }
  FileDescriptor listen_at(const std::string& name) {
    FileDescriptor socket = bind_socket(name);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    return socket;
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path() / "ledgers";
};

TEST_F(LedgerFolder, IsMadeForItsUserAlone) {
  struct stat status{};
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_TRUE(make_private_folder(folder_)) << "it may be there already";
}

TEST_F(LedgerFolder, IsNotUsedWhenItLetsOthersIn) {
  const FileDescriptor listening = listen_at("12.sock");
  EXPECT_EQ(connect_to_ledgers({folder_}).size(), 1U);
  fs::permissions(folder_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_FALSE(make_private_folder(folder_));
  EXPECT_TRUE(connect_to_ledgers({folder_}).empty());
}

TEST_F(LedgerFolder, IsNotUsedWhenItIsALinkOrAFile) {
  const fs::path link = temporary_.path() / "link", file = temporary_.path() / "file";
  fs::create_directory_symlink(folder_, link);
  std::ofstream(file) << "x";
  EXPECT_FALSE(make_private_folder(link));
  EXPECT_FALSE(make_private_folder(file));
}

TEST_F(LedgerFolder, CannotBeMadeInsideOfWhatIsNotThere) {
  const auto made = make_private_folder(temporary_.path() / "none" / "ledgers");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::io);
}

TEST_F(LedgerFolder, ConnectsToEveryLedgerByProcessId) {
  const FileDescriptor big = listen_at("345.sock"), small = listen_at("12.sock");
  const auto ledgers = connect_to_ledgers({temporary_.path() / "none", folder_});
  ASSERT_EQ(ledgers.size(), 2U);
  EXPECT_EQ(ledgers[0].pid, 12);
  EXPECT_EQ(ledgers[1].pid, 345);
  EXPECT_TRUE(ledgers[0].stream.is_open());
}

TEST_F(LedgerFolder, LosesTheSocketsOfProgramsThatWereKilled) {
  {
    const FileDescriptor killed = listen_at("7.sock");
  }
  ASSERT_TRUE(fs::exists(folder_ / "7.sock"));
  EXPECT_TRUE(connect_to_ledgers({folder_}).empty());
  EXPECT_FALSE(fs::exists(folder_ / "7.sock"));
}

TEST_F(LedgerFolder, LeavesWhatIsNoLedgerAlone) {
  const FileDescriptor not_listening_yet = bind_socket("7.new");
  std::ofstream(folder_ / "notes.txt") << "x";
  const FileDescriptor other = listen_at("x12.sock"), negative = listen_at("-12.sock");
  EXPECT_TRUE(connect_to_ledgers({folder_}).empty());
  for (const char* name : {"7.new", "notes.txt", "x12.sock", "-12.sock"})
    EXPECT_TRUE(fs::exists(folder_ / name));
}

TEST(SocketAddress, IsRefusedWhereThePathIsTooLong) {
  EXPECT_TRUE(socket_address("/" + std::string(80, 'x')));
  const auto address = socket_address("/" + std::string(200, 'x'));
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace plimsoll::cli
