// Videos of all kinds in memory cgroups: an answer, or a refusal in our own words, and never a kill of ours.
//
// PLIMSOLL_VIDEO_SWEEP=FILE runs all kinds at all widths in all sizes, some minutes, and writes a table
// there.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/device_lab/memory_cgroup.h"
#include "tests/integration/program.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Kind {
  std::string name;  // of the file
  Words options;     // of the encoder and the container
};

const Words kH264 = {"-c:v", "libx264", "-preset", "veryfast", "-g", "12"};
const Words kHevc = {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=12"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<Kind> kinds() {
  return {
      {"browser-vp8.webm",
       {"-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "2M", "-live", "1"}},
      {"browser-vp9.webm",
       {"-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "2M", "-live", "1"}},
      {"camera.h264", kH264},
      {"camera.hevc", kHevc},
      {"segments.mp4", with(kH264, {"-movflags", "empty_moov+frag_keyframe+skip_trailer"})},
      {"broadcast.ts", kH264},
      {"phone-turned.mov", with(kHevc, {"-metadata:s:v:0", "rotate=90"})},
      {"phone-10-bit.mp4", with(kHevc, {"-pix_fmt", "yuv420p10le"})},
      {"webcam-mjpeg.avi", {"-c:v", "mjpeg", "-q:v", "4"}},
      {"av1.mp4", {"-c:v", "libsvtav1", "-preset", "12", "-g", "24"}},
      {"film.gif", {}},
      {"long-sound.mp4", with(kH264, {"-c:a", "aac"})},
      {"late.mkv", with(kH264, {"-output_ts_offset", "3600"})},
      {"prores.mov", {"-c:v", "prores_ks"}},
  };
}

class VideoMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null") != 0) {
      GTEST_SKIP() << "the Debian package ffmpeg is not installed";
    }
    if (!MemoryCgroup::make(64 * kMiB)) {
      GTEST_SKIP() << "no right to make a memory cgroup here (root on Linux has it)";
    }
    if (const char* file = std::getenv("PLIMSOLL_VIDEO_SWEEP")) table_.open(file);
  }

  bool whole() const { return table_.is_open(); }

  fs::path make(const Kind& kind, int width) const {
    const fs::path path = folder_.path() / (std::to_string(width) + "-" + kind.name);
    const std::string source = "testsrc2=size=" + std::to_string(width) + "x" +
                               std::to_string(width * 9 / 16) +
                               ":rate=12:duration=" + (whole() ? "3" : "0.6") + ",format=yuv420p";
    Words command = {"/usr/bin/env", "ffmpeg", "-v", "error", "-f", "lavfi", "-i", source};
    if (kind.name == "long-sound.mp4") command = with(command, {"-f", "lavfi", "-i", "sine=duration=60"});
    command = with(with(command, kind.options), {path.string()});
    const Ended ended = run_command(command);
    EXPECT_EQ(ended.exit_code, 0) << kind.name << ": " << ended.err;
    return path;
  }

  void ask(const fs::path& video, std::uint64_t mib) {
    const auto group = MemoryCgroup::make(mib * kMiB);
    ASSERT_TRUE(group);
    const auto began = std::chrono::steady_clock::now();
    const Ended ended =
        run_command(group->inside({PLIMSOLL_PROGRAM, "run", "--temperature", "0", "--json", "--max-tokens",
                                   "8", "--video", video.string(), "What is this?"}));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const std::string what = video.filename().string() + " in " + std::to_string(mib) + " MiB";
    EXPECT_THAT(ended.exit_code, AnyOf(0, 3, 4)) << what << ": " << ended.err;
    for (const std::string words :
         {"whitelist", "Invalid data", " @ 0x", "Conversion failed", "Error while"}) {
      EXPECT_THAT(ended.err, Not(HasSubstr(words))) << what;
    }
    if (ended.exit_code == 3) ADD_FAILURE() << what << " is a good video: " << ended.err;
    if (whole()) {
      table_ << video.filename().string() << '\t' << mib << '\t' << ended.exit_code << '\t' << group->kills()
             << '\t' << group->peak_bytes() / kMiB << '\t' << took.count() << '\t'
             << (ended.exit_code == 0 ? "" : ended.err.substr(0, ended.err.find('\n'))) << std::endl;
    }
  }

  const TemporaryFolder folder_;
  std::ofstream table_;
};

TEST_F(VideoMemory, EveryKindIsAnsweredOrRefusedAndNobodyOfUsIsKilled) {
  struct Size {
    int width;
    std::vector<std::uint64_t> mib;
  };
  const std::vector<Size> sizes = whole() ? std::vector<Size>{{320, {64, 96, 128, 256}},
                                                              {640, {64, 96, 128, 256}},
                                                              {1280, {64, 96, 128, 256}},
                                                              {1920, {64, 96, 128, 256}},
                                                              {3840, {64, 96, 128, 256}}}
                                          : std::vector<Size>{{1920, {64}}, {3840, {96}}};
  for (const Kind& kind : kinds()) {
    for (const Size& size : sizes) {
      const fs::path video = make(kind, size.width);
      for (const std::uint64_t mib : size.mib) ask(video, mib);
      fs::remove(video);
    }
  }
}

// What fits must not be refused by a bound that is too high.
TEST_F(VideoMemory, SmallVideosAreAnsweredInLittleMemory) {
  for (const Kind& kind : kinds()) {
    const fs::path video = make(kind, 640);
    const auto group = MemoryCgroup::make(64 * kMiB);
    const Ended ended =
        run_command(group->inside({PLIMSOLL_PROGRAM, "run", "--temperature", "0", "--max-tokens", "8",
                                   "--video", video.string(), "What is this?"}));
    EXPECT_EQ(ended.exit_code, 0) << kind.name << ": " << ended.err;
    EXPECT_EQ(group->kills(), 0U) << kind.name;
    fs::remove(video);
  }
}

}  // namespace
}  // namespace plimsoll::test
