#include "media/not_a_video.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace plimsoll::media {

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view name;
};

constexpr std::array kPictures = {
    Magic{0, "\xFF\xD8\xFF"sv, "JPEG"},
    Magic{0, "\x89PNG\r\n\x1A\n"sv, "PNG"},
    Magic{8, "WEBP"sv, "WebP"},
    Magic{0, "BM"sv, "BMP"},
    Magic{0, "II*\0"sv, "TIFF"},
    Magic{0, "MM\0*"sv, "TIFF"},
    Magic{4, "ftypheic"sv, "HEIC"},
    Magic{4, "ftypheix"sv, "HEIC"},
    Magic{4, "ftypmif1"sv, "HEIC"},
    Magic{4, "ftypavif"sv, "AVIF"},
    Magic{0, "\xFF\x0A"sv, "JPEG XL"},
    Magic{4, "JXL \r\n\x87\n"sv, "JPEG XL"},
    Magic{0, "8BPS"sv, "Photoshop"},
    Magic{0, "P6"sv, "PPM"},
    Magic{0, "P5"sv, "PGM"},
};

constexpr std::array kPlaylists = {
    Magic{0, "#EXTM3U"sv, "M3U8"},   Magic{0, "ffconcat version"sv, "ffconcat"},
    Magic{0, "[playlist]"sv, "PLS"}, Magic{0, "v=0"sv, "SDP"},
    Magic{0, "<smil"sv, "SMIL"},     Magic{0, "<ASX"sv, "ASX"},
    Magic{0, "<asx"sv, "ASX"},
};

constexpr std::array kSounds = {
    Magic{0, "ID3"sv, "MP3"},     Magic{0, "fLaC"sv, "FLAC"},   Magic{8, "WAVE"sv, "WAV"},
    Magic{4, "ftypM4A"sv, "M4A"}, Magic{4, "ftypM4B"sv, "M4B"},
};

template <std::size_t Count>
std::string_view name_of(const std::array<Magic, Count>& magics, std::string_view head) {
  for (const Magic& magic : magics) {
    if (head.size() >= magic.at + magic.bytes.size() &&
        head.substr(magic.at, magic.bytes.size()) == magic.bytes) {
      return magic.name;
    }
  }
  return {};
}

// The byte order mark of UTF-8, and white space.
std::string_view without_margin(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF"sv)) text.remove_prefix(3);
  while (!text.empty() && " \t\r\n"sv.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  return text;
}

std::string_view playlist_in(std::string_view head) {
  const std::string_view text = without_margin(head);
  if (text.starts_with('<') && text.find("<MPD"sv) != std::string_view::npos) return "DASH";
  return name_of(kPlaylists, text);
}

// Of any language, in any of the encodings that write English as ASCII does.
bool is_text(std::string_view head) {
  const auto is_control = [](unsigned char c) {
    return (c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f') || c == 0x7f;
  };
  const bool is_utf8 =
      head.size() >= 8 || std::ranges::none_of(head, [](unsigned char c) { return c >= 0x80; });
  return !head.empty() && is_utf8 && std::ranges::none_of(head, is_control);
}

bool is_mp4(std::string_view head) {
  return head.size() >= 8 && (head.substr(4, 4) == "ftyp"sv || head.substr(4, 4) == "mdat"sv ||
                              head.substr(4, 4) == "wide"sv || head.substr(4, 4) == "free"sv);
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

std::string describe_no_video(std::string_view head, const std::string& probed) {
  if (const auto kind = playlist_in(head); !kind.empty()) {
    return "this is a playlist (" + std::string(kind) +
           "), which only names other files and addresses; give the video file itself";
  }
  if (const auto kind = name_of(kPictures, head); !kind.empty() && (kind != "BMP" || !is_text(head))) {
    return "this is a picture (" + std::string(kind) + ") and not a video; give it as a picture";
  }
  if (const auto kind = name_of(kSounds, head); !kind.empty()) {
    return "there are no moving pictures in this file, only sound (" + std::string(kind) +
           "); give a file with a film in it";
  }
  if (head.starts_with("%PDF"sv)) return "this is a PDF document and not a video; give a video file";
  if (is_text(head)) return "this is text and not a video; give a video file";
  if (is_mp4(head) && (holds(probed, "moov") || head.size() < 32)) {
    return "the recording was not finished: the index that belongs at the end of an MP4 file (\"moov\") is "
           "missing; record it again, or copy all of the file";
  }
  return "this is not a video that can be read here, or its beginning is damaged; if a player shows it, "
         "\"ffmpeg -i FILE NEW.mp4\" makes a copy that can be read";
}

std::string head_of(const std::filesystem::path& path) {
  std::string head(kNoVideoHeadBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return head;
}

}  // namespace plimsoll::media
