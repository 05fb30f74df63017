// The page's files, as they are served. Constant, thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace plimsoll::server {

struct PageFile {
  std::string_view path;  // "/index.html"
  std::string_view type;  // Content-Type
  std::string_view content;
};

std::span<const PageFile> page_files();

}  // namespace plimsoll::server
