#include "media/ffmpeg.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::media {

namespace {

using Words = std::vector<std::string>;

// By the names of ffmpeg's demuxers. Not here: playlists, which may name any file or address, and pictures.
const std::string kVideoFormats =
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,h263,h261,vc1,mjpeg,ivf,flv,live_flv,asf,"
    "ogg,"
    "gif,nut,mxf,rm,wtv,dv,yuv4mpegpipe";
// Only to say that there are no moving pictures in them.
const std::string kSoundFormats = ",mp3,wav,w64,flac,aac,ac3,eac3,dts,aiff,amr,caf,ape,wv,tta,au";

// What parse_video_shape() reads.
constexpr const char* kEntries =
    "stream=codec_name,level,width,height,pix_fmt,avg_frame_rate,r_frame_rate,nb_frames,start_time,duration,"
    "sample_aspect_ratio:stream_side_data=rotation:format=format_name,start_time,duration";

constexpr const char* kLongLook = "200000000";  // microseconds; and bytes

// RLIMIT_DATA counts what is there to be written, touched or not. Of Debian's ffmpeg 5.1.9 with its 250
// libraries 24 to 29 MiB are never touched. Where it is more, the first try of a small video may get no
// memory; the next one has twice its charge.
constexpr std::size_t kUntouchedBytes = std::size_t{36} << 20;

std::string number(double value) {
  std::array<char, 64> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 6).ptr;
  return {digits.data(), end};
}

// The protocol in front makes a file of every path, also of "-i", "http:..." and "concat:...".
std::string file_address(const std::filesystem::path& video) { return "file:" + video.string(); }

// A series of JPEGs without anything around them begins as a picture does.
Words format_of(const std::filesystem::path& video) {
  std::string extension = video.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension == ".mjpeg" || extension == ".mjpg" ? Words{"-f", "mjpeg"} : Words{};
}

void append(Words& command, const Words& more) { command.insert(command.end(), more.begin(), more.end()); }

Expected<ChildProcess> start(Words command, std::size_t memory_bytes) {
  const std::string program = command[0];
  auto child = ChildProcess::start(std::move(command),
                                   {.data_bytes = memory_bytes + kUntouchedBytes, .killed_first = true});
  if (child || child.error().code != ErrorCode::not_found) return child;
  return fail(ErrorCode::not_found, "videos are read by the program " + program +
                                        ", which is not there; install the Debian package ffmpeg");
}

Words ffprobe_words() {
  return {"ffprobe",
          "-v",
          "error",
          "-protocol_whitelist",
          "file",
          "-format_whitelist",
          kVideoFormats + kSoundFormats,
          "-select_streams",
          "V:0"};
}

// One thread everywhere: each more holds frames of its own.
Words ffmpeg_words() {
  return {"ffmpeg",
          "-nostdin",
          "-hide_banner",
          "-v",
          "error",
          "-filter_threads",
          "1",
          "-threads",
          "1",
          "-protocol_whitelist",
          "file",
          "-format_whitelist",
          kVideoFormats};
}

Words output_words(int count) {
  return {"-threads", "1",        "-fps_mode", "passthrough", "-frames:v", std::to_string(count),
          "-f",       "rawvideo", "-pix_fmt",  "rgb24",       "pipe:1"};
}

std::string scale_filter(PixelSize size) {
  return "scale=" + std::to_string(size.width) + ":" + std::to_string(size.height);
}

// The frame that is shown at the first moment, and after each interval.
std::string frame_filter(const FrameRun& run, bool seek) {
  const std::string counted =
      run.frame_seconds > 0 ? "setpts=N*" + number(run.frame_seconds) + "/TB," : std::string();
  return counted + "tpad=stop_mode=clone:stop_duration=" + number(run.hold_last_seconds) + ",fps=fps=1/" +
         number(run.interval_seconds) + ":start_time=" + number(seek ? 0 : run.first_seconds) + ":round=up," +
         scale_filter(run.size);
}

}  // namespace

Expected<ChildProcess> start_ffprobe(const std::filesystem::path& video, FirstLook look,
                                     std::size_t memory_bytes) {
  Words command = ffprobe_words();
  if (look == FirstLook::long_one) append(command, {"-analyzeduration", kLongLook, "-probesize", kLongLook});
  append(command, format_of(video));
  append(command, {"-show_entries", kEntries, "-of", "flat", file_address(video)});
  return start(std::move(command), memory_bytes);
}

Expected<ChildProcess> start_packet_list(const std::filesystem::path& video, std::optional<double> from,
                                         std::size_t memory_bytes) {
  Words command = ffprobe_words();
  append(command, format_of(video));
  if (from) append(command, {"-read_intervals", number(*from) + "%"});
  append(command, {"-show_entries", "packet=pts_time,dts_time,duration_time,pos,flags", "-of", "csv=p=0",
                   file_address(video)});
  return start(std::move(command), memory_bytes);
}

Expected<ChildProcess> start_ffmpeg(const std::filesystem::path& video, const FrameRun& run, bool seek,
                                    std::size_t memory_bytes) {
  Words command = ffmpeg_words();
  append(command, {"-max_error_rate", number(std::clamp(run.damaged, 0.0, 1.0))});
  if (seek) append(command, {"-noaccurate_seek", "-ss", number(run.first_seconds)});
  append(command, format_of(video));
  append(command,
         {"-i", file_address(video), "-map", "0:V:0", "-an", "-sn", "-dn", "-vf", frame_filter(run, seek)});
  append(command, output_words(run.count));
  return start(std::move(command), memory_bytes);
}

Expected<ChildProcess> start_first_picture(const std::filesystem::path& video, const FrameRun& run,
                                           int halvings, bool only_keyframes, std::size_t memory_bytes) {
  Words command = ffmpeg_words();
  if (only_keyframes) append(command, {"-skip_frame", "nokey"});
  if (halvings > 0) append(command, {"-lowres", std::to_string(halvings)});
  append(command, {"-noaccurate_seek", "-ss", number(run.first_seconds)});
  append(command, format_of(video));
  append(command,
         {"-i", file_address(video), "-map", "0:V:0", "-an", "-sn", "-dn", "-vf", scale_filter(run.size)});
  append(command, output_words(1));
  return start(std::move(command), memory_bytes);
}

// The C library's own words, and those of ffmpeg where it gives no reason. The loader's come first of all.
bool says_no_memory(const std::string& complaint) {
  constexpr std::array<std::string_view, 8> kWords = {
      "annot allocate memory", "ailed to allocate",          "get_buffer() failed", "thread_encoder_init",
      "failed to map segment", "cannot map zero-fill pages", "bad_alloc",           "temporarily unavailable",
  };
  return std::ranges::any_of(kWords, [&](auto words) { return complaint.find(words) != std::string::npos; });
}

}  // namespace plimsoll::media
