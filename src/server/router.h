// Which handler answers which method and path. Filled once, then thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange.h"

namespace plimsoll::server {

class Router {
 public:
  using Handler = std::function<void(Exchange& exchange)>;

  enum class Access { with_key, open };

  /// A path that ends with "/*" stands for all below it. The first that fits answers.
  void add(std::string method, std::string path, Handler handler, Access access = Access::with_key);

  struct Found {
    const Handler* handler = nullptr;  // nullptr: none
    Access access = Access::with_key;
    std::string allow{};  // the methods of this path; empty: there is no such path
    std::string path{};   // as it was added: a name for the metrics
  };
  /// HEAD is GET.
  Found find(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::string path;
    Handler handler;
    Access access;
  };
  std::vector<Route> routes_;
};

}  // namespace plimsoll::server
