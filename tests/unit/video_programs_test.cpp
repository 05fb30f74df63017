// What the programs that read videos may do wrong, by scripts that stand in for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <plimsoll/media.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "tests/temporary_folder.h"

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using testing::HasSubstr;

// Three frames of 2x1 pixels: 6 bytes each.
const std::string kProbe =
    "echo streams.stream.0.width=2\n"
    "echo streams.stream.0.height=1\n"
    "echo 'streams.stream.0.duration=\"3.0\"'\n";

class VideoProgramsTest : public testing::Test {
 protected:
  VideoProgramsTest() : path_before_(std::getenv("PATH")) {
    std::ofstream(video_) << "not read by any of these programs";
    ::setenv("PATH", folder_.path().c_str(), 1);
    install("ffprobe", kProbe);
  }
  ~VideoProgramsTest() override { ::setenv("PATH", path_before_.c_str(), 1); }

  void install(const std::string& name, const std::string& script) const {
    const fs::path program = folder_.path() / name;
    std::ofstream(program) << "#!/bin/sh\n" << script;
    fs::permissions(program, fs::perms::owner_all);
  }

  Expected<VideoFrames> open() { return VideoFrames::open({video_}, {}, *pool_, &cancelled_); }

  /// The process that a script wrote down with kWriteDownPid, once it has.
  pid_t written_down() const {
    pid_t pid = 0;
    while (!(std::ifstream(folder_.path() / "pid") >> pid)) std::this_thread::yield();
    return pid;
  }
  const std::string kWriteDownPid = "echo $$ > \"${0%/*}/part\"; /bin/mv \"${0%/*}/part\" \"${0%/*}/pid\"\n";

  static bool runs(pid_t pid) { return ::kill(pid, 0) == 0; }

  /// How long `call` takes to return once it is under way and cancelled.
  template <typename Call>
  Clock::duration time_to_stop(const Call& call) {
    Clock::time_point cancelled_at;
    std::thread canceller([&] {
      written_down();
      cancelled_at = Clock::now();
      cancelled_ = true;
    });
    const auto result = call();
    const auto ended = Clock::now();
    canceller.join();
    EXPECT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    return ended - cancelled_at;
  }

  const TemporaryFolder folder_;
  const fs::path video_ = folder_.path() / "v.mp4";
  const std::string path_before_;
  const std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
  std::atomic<bool> cancelled_ = false;
};

TEST_F(VideoProgramsTest, FramesAreTakenFromThePipeInOrder) {
  install("ffmpeg", "printf abcdefghijklmnopqr");
  auto frames = open();
  ASSERT_TRUE(frames) << frames.error().message;
  for (const std::string pixels : {"abcdef", "ghijkl", "mnopqr"}) {
    const auto frame = frames->next();
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(frame->image.pixels.data()), 6), pixels);
  }
}

TEST_F(VideoProgramsTest, WithoutTheProgramsTheirPackageIsNamed) {
  const auto frame = open()->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::not_found);
  EXPECT_THAT(frame.error().message, HasSubstr("install the Debian package ffmpeg"));

  fs::remove(folder_.path() / "ffprobe");
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::not_found);
  EXPECT_THAT(opened.error().message, HasSubstr("install the Debian package ffmpeg"));
  EXPECT_EQ(pool_->active_memory(), 0U);
}

TEST_F(VideoProgramsTest, TooFewPixelsAreAnErrorThatSaysWhereAndWhy) {
  install("ffmpeg", "printf abcdefgh; echo '[h264 @ 0x55d0] broken slice' >&2; exit 1");
  auto frames = open();
  ASSERT_TRUE(frames->next());
  const auto frame = frames->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(frame.error().message, HasSubstr("0:00:01 (broken slice)"));
}

TEST_F(VideoProgramsTest, NoPixelsAtAllAreAnErrorAlsoWhereTheProgramIsContent) {
  install("ffmpeg", "exit 0");
  const auto frame = open()->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::invalid_argument);
}

TEST_F(VideoProgramsTest, AProgramThatIsKilledIsNotTheVideosFault) {
  install("ffmpeg", "kill -9 $$");
  const auto frame = open()->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::io);
  EXPECT_THAT(frame.error().message, HasSubstr("signal 9"));
}

TEST_F(VideoProgramsTest, AnyAmountOfComplaintsDoesNotStopTheFramesNorFillTheError) {
  install("ffmpeg", "i=0; while [ $i -lt 20000 ]; do echo complaint >&2; i=$((i+1)); done; printf abcdef");
  auto frames = open();
  EXPECT_TRUE(frames->next());
  const auto frame = frames->next();
  ASSERT_FALSE(frame);
  EXPECT_LT(frame.error().message.size(), 500U);
}

TEST_F(VideoProgramsTest, WhatFfprobeSaysWithoutSenseIsAnInvalidArgument) {
  for (const std::string script : {"exit 1", "exit 0", "echo no", "/usr/bin/head -c 100000 /dev/zero",
                                   "echo streams.stream.0.width=2", "printf '=\\n=='"}) {
    install("ffprobe", script);
    const auto opened = open();
    ASSERT_FALSE(opened) << script;
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument) << script;
  }
}

TEST_F(VideoProgramsTest, AProgramThatHangsIsStoppedWithin50MsOfACancelAndGone) {
  install("ffmpeg", kWriteDownPid + "printf abc; exec /bin/sleep 1000");
  auto frames = open();
  EXPECT_LT(time_to_stop([&] { return frames->next(); }), 50ms);
  EXPECT_TRUE(runs(written_down()));
  frames = fail(ErrorCode::cancelled, "");
  EXPECT_FALSE(runs(written_down()));
}

TEST_F(VideoProgramsTest, AProgramThatDoesNotEndIsStoppedToo) {
  install("ffmpeg", "exec 1>&- 2>&-\n" + kWriteDownPid + "exec /bin/sleep 1000");
  auto frames = open();
  EXPECT_LT(time_to_stop([&] { return frames->next(); }), 50ms);
}

TEST_F(VideoProgramsTest, AnFfprobeThatHangsIsStoppedTooAndGone) {
  install("ffprobe", kWriteDownPid + "exec /bin/sleep 1000");
  // It is killed as soon, but on a busy machine the system takes its time to end what was killed.
  EXPECT_LT(time_to_stop([&] { return open(); }), 1000ms);
  EXPECT_FALSE(runs(written_down()));
}

TEST_F(VideoProgramsTest, AReaderThatGoesTakesItsProgramWithIt) {
  install("ffmpeg", kWriteDownPid + "printf abcdef; exec /bin/sleep 1000");
  {
    auto frames = open();
    ASSERT_TRUE(frames->next());
    ASSERT_TRUE(runs(written_down()));
    auto moved = std::move(*frames);
    EXPECT_TRUE(runs(written_down()));
  }
  EXPECT_FALSE(runs(written_down()));
  EXPECT_EQ(pool_->active_memory(), 0U);
}

TEST_F(VideoProgramsTest, TheProgramHearsTheSignalsThatWeBlock) {
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  install("ffmpeg", "kill -TERM $$; printf abcdef");
  const auto frame = open()->next();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_FALSE(frame);
  EXPECT_THAT(frame.error().message, HasSubstr("signal 15"));
}

}  // namespace
}  // namespace plimsoll
