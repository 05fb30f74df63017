#include "media/ffmpeg.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace plimsoll::media {

namespace {

// By the names of ffmpeg's demuxers. Not here: playlists, which may name any file or address, and pictures.
constexpr const char* kFormats =
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,ivf,flv,asf,ogg,gif,nut,mxf,rm,wtv,dv,yuv4mpegpipe";

// What parse_video_shape() reads.
constexpr const char* kEntries =
    "stream=width,height,pix_fmt,refs,duration,sample_aspect_ratio:stream_side_data=rotation:"
    "format=format_name,duration";

// A picture is shown until the next one comes. Containers say that the last one is shown a little longer than
// its stream does: as long as the sound goes on, for example.
constexpr int kEndSlackSeconds = 2;

constexpr std::size_t kLongestDetail = 200;

std::string number(double value) {
  std::array<char, 64> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 6).ptr;
  return {digits.data(), end};
}

// The protocol in front makes a file of every path, also of "-i", "http:..." and "concat:...".
std::string file_address(const std::filesystem::path& video) { return "file:" + video.string(); }

Expected<ChildProcess> start(std::vector<std::string> command) {
  const std::string program = command[0];
  auto child = ChildProcess::start(std::move(command));
  if (child || child.error().code != ErrorCode::not_found) return child;
  return fail(ErrorCode::not_found, "videos are read by the program " + program +
                                        ", which is not there; install the Debian package ffmpeg");
}

}  // namespace

Expected<ChildProcess> start_ffprobe(const std::filesystem::path& video) {
  return start({"ffprobe", "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", kFormats,
                "-select_streams", "V:0", "-show_entries", kEntries, "-of", "flat", file_address(video)});
}

// One thread everywhere: each more holds frames of its own. -xerror: the first damaged picture ends it.
Expected<ChildProcess> start_ffmpeg(const std::filesystem::path& video, const FrameRun& run, bool seek) {
  const std::string filter =
      "tpad=stop_mode=clone:stop_duration=" + std::to_string(kEndSlackSeconds) + ",fps=fps=1/" +
      number(run.interval_seconds) + ":start_time=" + number(seek ? 0 : run.first_seconds) +
      ":round=up,scale=" + std::to_string(run.size.width) + ":" + std::to_string(run.size.height);
  return start({"ffmpeg",
                "-nostdin",
                "-hide_banner",
                "-v",
                "error",
                "-xerror",
                "-filter_threads",
                "1",
                "-threads",
                "1",
                "-protocol_whitelist",
                "file",
                "-format_whitelist",
                kFormats,
                "-noaccurate_seek",
                "-ss",
                number(seek ? run.first_seconds : 0),
                "-i",
                file_address(video),
                "-map",
                "0:V:0",
                "-an",
                "-sn",
                "-dn",
                "-vf",
                filter,
                "-fps_mode",
                "passthrough",
                "-frames:v",
                std::to_string(run.count),
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
                "pipe:1"});
}

std::string detail_of(const std::string& complaint) {
  std::string line = complaint.substr(0, complaint.find('\n'));
  // "[mov,mp4 @ 0x55f888da5a80] ..." names one of its objects.
  if (const auto end = line.find("] "); line.starts_with('[') && end != std::string::npos) {
    line.erase(0, end + 2);
  }
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return line.substr(0, kLongestDetail);
}

}  // namespace plimsoll::media
