#include "server/page_routes.h"

#include <xxhash.h>

#include <string>

#include "server/page_files.h"

namespace plimsoll::server {

namespace {

// Only what came with the page, and this server's routes; pictures that a visitor chose are data: and blob:.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' "
    "blob:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string tag_of(std::string_view content) {
  return "\"" + std::to_string(XXH3_64bits(content.data(), content.size())) + "\"";
}

void answer_file(const PageFile& file, const std::string& tag, Exchange& exchange) {
  httplib::Response& response = exchange.response;
  response.set_header("ETag", tag);
  response.set_header("Cache-Control", "no-cache");  // asks each time, and mostly hears that nothing changed
  response.set_header("Content-Security-Policy", kPolicy);
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cross-Origin-Opener-Policy", "same-origin");
  if (exchange.request.get_header_value("If-None-Match") == tag) {
    response.status = 304;
    return;
  }
  response.status = 200;
  response.set_content(file.content.data(), file.content.size(), std::string(file.type));
}

}  // namespace

void add_page_routes(Router& router) {
  for (const PageFile& file : page_files()) {
    const auto answer = [&file, tag = tag_of(file.content)](Exchange& exchange) {
      answer_file(file, tag, exchange);
    };
    router.add("GET", std::string(file.path), answer, Router::Access::open);
    if (file.path == "/index.html") router.add("GET", "/", answer, Router::Access::open);
  }
}

}  // namespace plimsoll::server
