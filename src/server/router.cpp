#include "server/router.h"

#include <utility>

namespace plimsoll::server {

namespace {

bool fits(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with("/*")) return pattern == path;
  return path.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

void Router::add(std::string method, std::string path, Handler handler, Access access) {
  routes_.push_back({std::move(method), std::move(path), std::move(handler), access});
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  if (method == "HEAD") method = "GET";
  Found found;
  for (const Route& route : routes_) {
    if (!fits(route.path, path)) continue;
    if (route.method == method) {
      return {.handler = &route.handler, .access = route.access, .allow = {}, .path = route.path};
    }
    if (found.allow.find(route.method) != std::string::npos) continue;
    found.allow += (found.allow.empty() ? "" : ", ") + route.method;
    found.access = route.access;
    found.path = route.path;
  }
  return found;
}

}  // namespace plimsoll::server
