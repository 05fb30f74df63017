#include "server/page_files.h"

#include <array>

namespace plimsoll::server {

std::span<const PageFile> page_files() {
  static constexpr std::array kFiles{
      PageFile{"/index.html", "text/html; charset=utf-8",
               "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Plimsoll</title>"
               "<h1>Plimsoll</h1><p>The server is running; its routes are in docs/server.md.</p></html>\n"}};
  return kFiles;
}

}  // namespace plimsoll::server
