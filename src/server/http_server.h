// The whole HTTP side: listens, answers, and ends. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/engine_service.h"
#include "server/options.h"
#include "server/served_model.h"

namespace plimsoll::server {

class HttpServer {
 public:
  /// Listens when it returns. `service` outlives the server. Fails with `io` where the address can not be
  /// listened at.
  static Expected<std::unique_ptr<HttpServer>> start(ServerOptions options, ServedModel model,
                                                     EngineService& service);
  /// Stops at once if stop() was not called.
  virtual ~HttpServer() = default;

  virtual int port() const = 0;
  /// "http://127.0.0.1:8080"
  virtual std::string url() const = 0;

  /// New questions are refused and those that wait are told so; the one that is answered may end within
  /// `deadline`. Then nobody is answered any more. Blocking until all is over, about 1 s longer.
  virtual void stop(std::chrono::milliseconds deadline) = 0;
};

}  // namespace plimsoll::server
