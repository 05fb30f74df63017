#include "server/page_routes.h"

#include <string>

#include "server/gunzip.h"
#include "server/page_files.h"

namespace plimsoll::server {

namespace {

// Only what came with the page, and this server's routes; pictures that a visitor chose are data: and blob:.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' "
    "blob:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// What lies there has its content in its name.
constexpr std::string_view kNeverChanges = "/assets/";

void set_headers(const PageFile& file, httplib::Response& response) {
  response.set_header("ETag", std::string(file.etag));
  response.set_header("Cache-Control",
                      file.path.starts_with(kNeverChanges)
                          ? "public, max-age=31536000, immutable"
                          : "no-cache");  // asks each time, and mostly hears that nothing changed
  response.set_header("Content-Security-Policy", kPolicy);
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cross-Origin-Opener-Policy", "same-origin");
  response.set_header("Vary", "Accept-Encoding");
}

void answer_file(const PageFile& file, Exchange& exchange) {
  httplib::Response& response = exchange.response;
  set_headers(file, response);
  if (exchange.request.get_header_value("If-None-Match") == file.etag) {
    response.status = 304;
    return;
  }
  response.status = 200;
  const std::string type(file.content_type);
  if (!file.gzip) return response.set_content(file.content.data(), file.content.size(), type);
  if (exchange.connection.takes_gzip()) {
    response.set_header("Content-Encoding", "gzip");
    return response.set_content(file.content.data(), file.content.size(), type);
  }
  response.set_content(gunzip(file.content).value_or(""), type);
}

}  // namespace

void add_page_routes(Router& router) {
  for (const PageFile& file : page_files()) {
    router.add(
        "GET", std::string(file.path), [&file](Exchange& exchange) { answer_file(file, exchange); },
        Router::Access::open);
  }
}

}  // namespace plimsoll::server
