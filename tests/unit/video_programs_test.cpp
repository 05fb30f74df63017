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
#include <vector>

#include "tests/temporary_folder.h"

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

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

TEST_F(VideoProgramsTest, TooFewPixelsAreAnErrorThatSaysWhereInOurOwnWords) {
  install("ffmpeg", "printf abcdefgh; echo '[h264 @ 0x55d0] broken slice' >&2; exit 1");
  auto frames = open();
  ASSERT_TRUE(frames->next());
  const auto frame = frames->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(frame.error().message, HasSubstr("no picture at 0:00:01"));
  EXPECT_THAT(frame.error().message, Not(HasSubstr("slice")));
}

TEST_F(VideoProgramsTest, NoPixelsAtAllAreAnErrorAlsoWhereTheProgramIsContent) {
  install("ffmpeg", "exit 0");
  const auto frame = open()->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::invalid_argument);
}

TEST_F(VideoProgramsTest, AProgramThatIsKilledHadTooLittleMemory) {
  install("ffmpeg", "kill -9 $$");
  const auto frame = open()->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::over_budget);
  EXPECT_THAT(frame.error().message, HasSubstr("scale=640:-2"));
  install("ffprobe", "kill -9 $$");
  EXPECT_EQ(open().error().code, ErrorCode::over_budget);
  EXPECT_EQ(pool_->active_memory(), 0U);
}

TEST_F(VideoProgramsTest, AProgramThatGetsNoMemoryIsOverBudgetWhateverItCallsThat) {
  for (const std::string words :
       {"Error while decoding stream #0:0: Cannot allocate memory", "get_buffer() failed",
        "libx.so: failed to map segment from shared object", "terminate called: std::bad_alloc"}) {
    install("ffmpeg", "echo '" + words + "' >&2; exit 1");
    const auto frame = open()->next();
    ASSERT_FALSE(frame) << words;
    EXPECT_EQ(frame.error().code, ErrorCode::over_budget) << words;
    EXPECT_THAT(frame.error().message, Not(HasSubstr(words)));
  }
}

// What it shows then may be another picture than the one that was wanted.
TEST_F(VideoProgramsTest, PixelsOfAProgramThatGotNoMemoryAreNotBelieved) {
  install("ffmpeg", "echo 'Cannot allocate memory' >&2; printf abcdefghijklmnopqr");
  const auto frame = open()->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::over_budget);
}

// The first time with all pictures decoded, then with twice the memory, then the keyframe alone.
TEST_F(VideoProgramsTest, WhatGetsNoMemoryIsTriedInWaysThatTakeLess) {
  install("ffprobe", kProbe + "echo 'format.format_name=\"avi\"'");
  install("ffmpeg",
          "echo \"$*\" >> \"${0%/*}/calls\"\n"
          "case \"$*\" in *fps=*) echo 'Cannot allocate memory' >&2; exit 1;; *) printf abcdef;; esac");
  auto frames = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(frames->next()) << i;
  std::ifstream calls(folder_.path() / "calls");
  std::vector<std::string> lines;
  for (std::string line; std::getline(calls, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_THAT(lines[3], HasSubstr("-ss 1.500000"));
}

TEST_F(VideoProgramsTest, WhatIsRefusedIsTriedInAWayThatTakesLess) {
  install("ffprobe",
          "echo streams.stream.0.width=2000; echo streams.stream.0.height=1000; "
          "echo streams.stream.0.duration=3; echo 'streams.stream.0.codec_name=\"vp9\"'");
  install("ffmpeg", "case \"$*\" in *fps=*) exit 1;; *) /usr/bin/head -c 1000000 /dev/zero;; esac");
  auto frames = open();
  ASSERT_TRUE(frames) << frames.error().message;
  pool_->set_memory_limit(std::size_t{48} << 20);  // all: 16 MiB + 11 frames of 6 MB; a keyframe: 3 of them
  EXPECT_TRUE(frames->next());
  pool_->set_memory_limit(std::size_t{24} << 20);
  const auto refused = frames->next();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::over_budget);
}

TEST_F(VideoProgramsTest, TheProgramsAreHeldToWhatIsChargedAndGoFirst) {
#ifndef __linux__
  GTEST_SKIP() << "only Linux can hold another process to a limit";
#endif
  const std::string limits =
      "i=0; until [ $i = 5000 ] || { read score < /proc/$$/oom_score_adj && [ $score = 1000 ]; }; do "
      "i=$((i+1)); "
      "done\n"  // it is set last
      "/bin/cat /proc/$$/oom_score_adj /proc/$$/limits > \"${0%/*}/limits\"\n";
  const auto data_limit = [&] {
    std::ifstream file(folder_.path() / "limits");
    int score = 0;
    file >> score;
    EXPECT_EQ(score, 1000);
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Max data size"))
        return std::stoull(line.substr(line.find_first_of("0123456789")));
    }
    return 0ULL;
  };
  install("ffprobe", limits + kProbe);
  auto frames = open();
  ASSERT_TRUE(frames);
  EXPECT_GT(data_limit(), 16ULL << 20);
  EXPECT_LT(data_limit(), 100ULL << 20);
  install("ffmpeg", limits + "printf abcdefghijklmnopqr");
  ASSERT_TRUE(frames->next());
  EXPECT_GT(data_limit(), 16ULL << 20);
  EXPECT_LT(data_limit(), 100ULL << 20);
}

TEST_F(VideoProgramsTest, AnIndexThatTakesMoreMemoryGetsIt) {
  install("ffprobe",
          "/bin/grep -q '^Max data size *[0-9]\\{9\\}' /proc/$$/limits || "
          "{ echo 'v.mp4: Cannot allocate memory' >&2; exit 1; }\n" +
              kProbe);
  EXPECT_TRUE(open());
  pool_->set_memory_limit(std::size_t{32} << 20);
  EXPECT_EQ(open().error().code, ErrorCode::over_budget);
}

TEST_F(VideoProgramsTest, WhatFfprobeSaysIsNotRepeated) {
  std::ofstream(video_, std::ios::binary) << "\x01\x02\x03\x04 no format at all";
  install("ffprobe", "echo 'v.mp4: Format not on whitelist: Invalid data found' >&2; exit 1");
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(opened.error().message, Not(HasSubstr("whitelist")));
  EXPECT_THAT(opened.error().message, HasSubstr("not a video"));
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
