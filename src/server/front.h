// httplib without its own accept loop: it parses a request of a connection, has the router answer, and
// writes. Thread-safe.
#pragma once

#include <atomic>
#include <functional>

#include "server/gate.h"
#include "server/router.h"

namespace plimsoll::server {

class Front final : private httplib::Server {
 public:
  /// After each answer, on the thread that gave it: the route and the status, 499 where the client had gone.
  using Observer = std::function<void(const std::string& route, int status, std::uint64_t body_bytes)>;

  Front(const Router& router, const Gate& gate, std::uint64_t max_body_bytes, Observer observer);

  /// One request to its end. Blocking. Whether another one can follow on this connection.
  bool answer(Connection& connection, bool last);

 private:
  void set_handlers(std::uint64_t max_body_bytes);
  HandlerResponse dispatch(const httplib::Request& request, httplib::Response& response,
                           const httplib::ContentReader* body);
  void route(Exchange& exchange, const Router::Found& found) const;
  bool answer_preflight(Exchange& exchange, const Caller& caller) const;

  const Router& router_;
  const Gate& gate_;
  const Observer observer_;
};

}  // namespace plimsoll::server
