// Videos made by ffmpeg on the spot, with frames that say which they are.
#pragma once

#include <gtest/gtest.h>
#include <plimsoll/media.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/child_process.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {

using Words = std::vector<std::string>;

class VideoFramesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null") != 0) {
      GTEST_SKIP() << "the Debian package ffmpeg is not installed";
    }
  }

  static int run(Words command) {
    auto child = ChildProcess::start(std::move(command));
    if (!child) return -1;
    std::array<std::byte, 4096> output{};
    while (child->read(output, nullptr).value_or(0) == output.size()) continue;
    const auto end = child->wait(nullptr);
    EXPECT_EQ(end->complaint, "");
    return end->exit_code;
  }

  /// `source` is a lavfi graph; `options` stand before the output's name.
  std::filesystem::path make(const std::string& name, const std::string& source,
                             const Words& options = {}) const {
    Words command = {"ffmpeg", "-v", "error", "-f", "lavfi", "-i", source};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back("file:" + (folder_.path() / name).string());
    EXPECT_EQ(run(command), 0);
    return folder_.path() / name;
  }

  /// A video of 64x48 whose frame N, counted over all `seconds`, is grey_of(N). A keyframe every 10 frames.
  std::filesystem::path make_numbered(const std::string& name, double frames_per_second,
                                      double seconds) const {
    const std::string source = "nullsrc=size=64x48:rate=" + std::to_string(frames_per_second) +
                               ":duration=" + std::to_string(seconds) + ",geq=lum='16+3*N':cb=128:cr=128";
    return make(name, source, {"-c:v", "mpeg4", "-q:v", "2", "-g", "10", "-movflags", "faststart"});
  }
  static int grey_of(int number) { return static_cast<int>(std::lround(3 * number * 255 / 219.0)); }

  Expected<VideoFrames> open(const std::filesystem::path& path, const VideoOptions& options = {}) {
    return VideoFrames::open({path}, options, *pool_);
  }

  /// The number of the frame that is shown.
  static int number_of(const VideoFrame& frame) {
    const int grey = std::to_integer<int>(frame.image.pixels.data()[0]);
    return static_cast<int>(std::lround(grey * 219 / 255.0 / 3));
  }

  static std::array<int, 3> color_at(const Image& image, int x, int y) {
    const std::byte* pixel = image.pixels.data() + (y * image.width + x) * 3;
    return {std::to_integer<int>(pixel[0]), std::to_integer<int>(pixel[1]), std::to_integer<int>(pixel[2])};
  }

  void cut_to_half(const std::filesystem::path& path) {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  }

  const TemporaryFolder folder_;
  const std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
};

}  // namespace plimsoll::test
