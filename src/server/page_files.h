// The files of the browser page, as they are compiled into the program (cmake/web.cmake makes them from
// web/). Constants: thread-safe, and they live as long as the program.
#pragma once

#include <span>
#include <string_view>

namespace plimsoll::server {

struct PageFile {
  std::string_view path;  // as it is asked for: "/" is the page; what lies below "/assets/" never changes
  std::string_view content_type;
  std::string_view content;
  std::string_view etag;  // quotes included; of the uncompressed content
  bool gzip = false;      // content is compressed, and needs Content-Encoding: gzip
};

/// At least "/"; in a build without npm a page that says so.
std::span<const PageFile> page_files();

}  // namespace plimsoll::server
