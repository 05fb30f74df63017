// Videos as recorders, cameras and streams write them, which is not how a player's library would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <fstream>

#include "tests/unit/made_videos.h"

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using test::Words;
using testing::HasSubstr;

constexpr int kRate = 5;

class VideoRecordingsTest : public test::VideoFramesTest {
 protected:
  /// Seconds 0 to `seconds` of numbered frames, kRate a second; `out` stands before the name.
  fs::path record(const std::string& name, double seconds, const Words& out,
                  const std::string& more = "") const {
    const std::string source = "nullsrc=size=64x48:rate=" + std::to_string(kRate) +
                               ":duration=" + std::to_string(seconds) + ",geq=lum='16+3*N':cb=128:cr=128" +
                               more;
    return make(name, source, out);
  }

  static std::string bytes_of(const fs::path& path) {
    std::string bytes(fs::file_size(path), '\0');
    std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
  }
  static void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  /// A frame a second, each in the middle of its own, over all `seconds`.
  void expect_whole(const fs::path& path, int seconds) {
    const std::string name = path.filename().string();
    auto frames = open(path);
    ASSERT_TRUE(frames) << frames.error().message;
    EXPECT_NEAR(frames->duration_seconds(), seconds, 0.5) << name;
    ASSERT_GE(frames->times().size(), static_cast<std::size_t>(seconds - 1)) << name;
    ASSERT_LE(frames->times().size(), static_cast<std::size_t>(seconds)) << name;
    for (const double time : frames->times()) {
      const auto frame = frames->next();
      ASSERT_TRUE(frame) << frame.error().message;
      EXPECT_NEAR(number_of(*frame), time * kRate, 2.5) << name << " at " << time;
    }
  }

  const Words h264_ = {"-c:v", "libx264", "-crf", "4", "-g", "10", "-bf", "2"};
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(VideoRecordingsTest, AVideoThatDoesNotSayHowLongItIsIsReadToItsEnd) {
  expect_whole(record("browser.webm", 12, {"-c:v", "libvpx", "-b:v", "2M", "-live", "1", "-f", "webm"}), 12);
  expect_whole(record("stream.mkv", 12, {"-c:v", "mpeg4", "-q:v", "2", "-live", "1"}), 12);
  expect_whole(record("camera.h264", 12, with(h264_, {"-f", "h264"})), 12);
  expect_whole(
      record("camera.hevc", 12, {"-c:v", "libx265", "-x265-params", "log-level=none:crf=8:keyint=10"}), 12);
  expect_whole(record("camera.m2v", 12, {"-r", "25", "-c:v", "mpeg2video", "-q:v", "2"}), 12);
  expect_whole(record("webcam.mjpeg", 2, {"-r", "25", "-c:v", "mjpeg", "-q:v", "2"}), 2);
  expect_whole(record("live.flv", 12, {"-c:v", "flv", "-q:v", "2", "-flvflags", "no_duration_filesize"}), 12);
}

TEST_F(VideoRecordingsTest, FragmentsWithoutATotalAreReadToTheLast) {
  const Words fragments = {"-movflags", "empty_moov+frag_keyframe+default_base_moof+skip_trailer"};
  expect_whole(record("dash.mp4", 12, with(h264_, fragments)), 12);
  expect_whole(record("first.mp4", 12, with(h264_, {"-movflags", "frag_keyframe+skip_trailer"})), 12);
}

// Those that can not go back to their header when they know.
TEST_F(VideoRecordingsTest, AHeaderThatWasNeverFinishedIsNotBelieved) {
  for (const std::string kind : {"avi", "ivf"}) {
    const fs::path whole = record("whole." + kind, 12, {"-c:v", "libvpx", "-b:v", "2M"});
    const fs::path piped = folder_.path() / ("piped." + kind);
    ASSERT_EQ(
        run({"sh", "-c",
             "ffmpeg -v error -i " + whole.string() + " -c copy -f " + kind + " pipe:1 > " + piped.string()}),
        0);
    expect_whole(piped, 12);
  }
}

TEST_F(VideoRecordingsTest, AClockThatBeginsLateIsNoReason) {
  for (const std::string name : {"late.mp4", "late.mkv", "late.ts"}) {
    expect_whole(record(name, 12, with(h264_, {"-output_ts_offset", "3600"})), 12);
  }
}

TEST_F(VideoRecordingsTest, PicturesThatBeginAfterTheSoundAreFound) {
  for (const std::string name : {"v.mkv", "v.mp4"}) {
    const fs::path path = record("sound-first-" + name, 12,
                                 {"-f", "lavfi", "-i", "sine=duration=30", "-filter:v", "setpts=PTS+8/TB",
                                  "-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac", "-fps_mode", "passthrough"});
    expect_whole(path, 12);
  }
}

TEST_F(VideoRecordingsTest, SoundThatIsMuchLongerAddsNothing) {
  for (const std::string name : {"v.mkv", "v.mp4"}) {
    const fs::path silent = record("silent-" + name, 4, {"-c:v", "mpeg4", "-q:v", "2"});
    const fs::path path = folder_.path() / name;
    ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", silent.string(), "-f", "lavfi", "-i", "sine=duration=300",
                   "-c:v", "copy", "-c:a", "aac", path.string()}),
              0);
    expect_whole(path, 4);
  }
}

TEST_F(VideoRecordingsTest, APauseOfAnHourLeavesBothSidesOfItSeen) {
  for (const std::string name : {"v.mkv", "v.mp4"}) {
    const fs::path path =
        record("pause-" + name, 8, {"-c:v", "mpeg4", "-q:v", "2", "-fps_mode", "passthrough"},
               ",setpts=PTS+gte(N\\,20)*3600/TB");
    auto frames = open(path);
    ASSERT_TRUE(frames) << frames.error().message;
    int before = 0, after = 0;
    for (const double time : frames->times()) {
      const auto frame = frames->next();
      ASSERT_TRUE(frame) << frame.error().message << " at " << time;
      EXPECT_NEAR(frame->seconds, time, 1e-9);
      const int number = number_of(*frame);
      (number < 19 ? before : after) += 1;
      if (time > 3604) {
        EXPECT_NEAR(number, (time - 3600) * kRate, 2.5) << time;
      }
    }
    EXPECT_GE(before, 3) << name;
    EXPECT_GE(after, 3) << name;
  }
}

TEST_F(VideoRecordingsTest, AClockThatGoesBackIsNotBelieved) {
  const fs::path segment = record("segment.ts", 6, h264_);
  const fs::path joined = folder_.path() / "joined.ts";
  write(joined, bytes_of(segment) + bytes_of(segment));
  auto frames = open(joined);
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_NEAR(frames->duration_seconds(), 12, 0.5);
  std::vector<int> numbers;
  for (std::size_t i = 0; i < frames->times().size(); ++i) {
    const auto frame = frames->next();
    ASSERT_TRUE(frame) << frame.error().message;
    numbers.push_back(number_of(*frame));
  }
  ASSERT_GE(numbers.size(), 11U);
  EXPECT_NEAR(numbers[0], 2, 2);
  EXPECT_GT(numbers[5], numbers[0]);
  EXPECT_LT(numbers[7], numbers[5]) << "the second time";
}

// The element of Matroska that says how long it is, as a double.
void set_duration(std::string& matroska, double milliseconds) {
  const auto at = matroska.find("\x44\x89\x88");
  ASSERT_NE(at, std::string::npos);
  const auto bits = std::bit_cast<std::uint64_t>(milliseconds);
  for (unsigned i = 0; i < 8; ++i) matroska[at + 3 + i] = static_cast<char>(bits >> (56 - 8 * i));
}

TEST_F(VideoRecordingsTest, ALengthThatIsALieIsNotBelieved) {
  for (const double milliseconds : {1000.0, 3e6, 1e12, -5.0}) {
    const fs::path path = record("lie.mkv", 12, {"-c:v", "mpeg4", "-q:v", "2"});
    std::string bytes = bytes_of(path);
    set_duration(bytes, milliseconds);
    write(path, bytes);
    expect_whole(path, 12);
    fs::remove(path);
  }
}

TEST_F(VideoRecordingsTest, WhatIsCutALittleShowsWhatIsThere) {
  for (const std::string name : {"v.mp4", "v.mkv", "v.avi", "v.ts", "v.webm"}) {
    const Words codec = name == "v.webm"
                            ? Words{"-c:v", "libvpx", "-b:v", "2M"}
                            : Words{"-c:v", "mpeg4", "-q:v", "2", "-g", "10", "-movflags", "faststart"};
    const fs::path path = record(name, 14, codec);
    fs::resize_file(path, fs::file_size(path) * 9 / 10);
    auto frames = open(path);
    ASSERT_TRUE(frames) << frames.error().message;
    EXPECT_GT(frames->duration_seconds(), 11) << name;
    for (const double time : frames->times()) {
      const auto frame = frames->next();
      ASSERT_TRUE(frame) << frame.error().message;
      EXPECT_NEAR(number_of(*frame), time * kRate, 2 * kRate) << name << " at " << time;
    }
  }
}

TEST_F(VideoRecordingsTest, APictureThatIsDamagedIsShownByTheOneBeforeIt) {
  for (const int max_frames : {64, 4}) {  // read through, and sought
    const fs::path path = make_numbered("damaged.mp4", 1, 60);
    std::string bytes = bytes_of(path);
    const std::size_t at = bytes.size() / 2;
    bytes.replace(at, bytes.size() / 12, std::string(bytes.size() / 12, '\xA5'));
    write(path, bytes);
    auto frames = open(path, {.max_frames = max_frames});
    ASSERT_TRUE(frames) << frames.error().message;
    for (const double time : frames->times()) EXPECT_TRUE(frames->next()) << max_frames << " at " << time;
    fs::remove(path);
  }
}

TEST_F(VideoRecordingsTest, AStreamThatBeginsBetweenKeyframesBeginsWithTheNextOne) {
  const fs::path whole =
      record("whole.ts", 12, with(h264_, {"-g", "30", "-keyint_min", "30", "-sc_threshold", "0"}));
  const std::string bytes = bytes_of(whole);
  const fs::path joined_late = folder_.path() / "joined-late.ts";
  write(joined_late, bytes.substr(bytes.size() / 6 / 188 * 188));  // its tables come again now and then
  auto frames = open(joined_late);
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_GT(frames->duration_seconds(), 4);
  for (std::size_t i = 0; i < frames->times().size(); ++i) {
    const auto frame = frames->next();
    EXPECT_TRUE(frame) << frame.error().message;
  }
}

TEST_F(VideoRecordingsTest, ARecordingThatWasNotFinishedSaysSo) {
  const fs::path path = record("phone.mp4", 4, h264_);
  fs::resize_file(path, fs::file_size(path) / 2);
  const auto opened = open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(opened.error().message, HasSubstr("was not finished"));
}

TEST_F(VideoRecordingsTest, SoundIsNoFilmAlsoWithAPictureOfItsCover) {
  const fs::path cover = make("cover.png", "color=red:size=64x64", {"-frames:v", "1"});
  for (const std::string name : {"s.mp3", "s.m4a", "s.mp4", "s.flac", "s.wav"}) {
    const fs::path sound = make(name, "sine=duration=1");
    Words command = {"ffmpeg", "-v", "error", "-i", sound.string()};
    const fs::path with_cover = folder_.path() / ("cover-" + name);
    const Words more = {"-i",
                        cover.string(),
                        "-map",
                        "0",
                        "-map",
                        "1",
                        "-c:a",
                        "copy",
                        "-c:v",
                        "mjpeg",
                        "-disposition:v",
                        "attached_pic",
                        with_cover.string()};
    command.insert(command.end(), more.begin(), more.end());
    if (name != "s.wav") {
      ASSERT_EQ(run(command), 0) << name;
    }
    for (const fs::path& path : {sound, with_cover}) {
      if (!fs::exists(path)) continue;
      const auto opened = open(path);
      ASSERT_FALSE(opened) << path;
      EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
      EXPECT_THAT(opened.error().message, HasSubstr("no moving pictures")) << path;
    }
  }
}

TEST_F(VideoRecordingsTest, APictureIsSentTheOtherWay) {
  for (const std::string name : {"p.png", "p.jpg", "p.bmp", "p.tiff", "p.webp"}) {
    const auto opened = open(make(name, "color=red:size=64x64", {"-frames:v", "1"}));
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(opened.error().message, HasSubstr("this is a picture (")) << name;
  }
}

TEST_F(VideoRecordingsTest, AGifIsAFilm) {
  auto frames = open(record("film.gif", 4, {}));
  ASSERT_TRUE(frames) << frames.error().message;
  ASSERT_EQ(frames->times().size(), 4U);
  std::vector<int> numbers;
  for (int i = 0; i < 4; ++i) {
    const auto frame = frames->next();
    ASSERT_TRUE(frame) << frame.error().message;
    numbers.push_back(number_of(*frame));
  }
  EXPECT_GT(numbers[3], numbers[0] + kRate);  // of colors that a palette has
}

}  // namespace
}  // namespace plimsoll
