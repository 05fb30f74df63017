// What a file is that was given as a video and is none.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::media {

/// As many first bytes as describe_no_video() looks at. It accepts fewer.
inline constexpr std::size_t kNoVideoHeadBytes = 1024;

/// One sentence without the file's name: what a file is that begins with `head`, and what to do. `probed`:
/// what ffprobe wrote to stderr; nothing of it is repeated.
std::string describe_no_video(std::string_view head, const std::string& probed);

/// The first bytes of a file; fewer, or none, where it can not be read.
std::string head_of(const std::filesystem::path& path);

}  // namespace plimsoll::media
