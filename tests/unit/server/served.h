// A server on a free port with a fake engine behind it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "server/http_server.h"
#include "tests/unit/server/fake_engine.h"
#include "tests/unit/server/raw_client.h"

namespace plimsoll::test {

inline const std::string kChat = "/v1/chat/completions";
inline const std::string kHello = R"({"messages":[{"role":"user","content":"Hello"}]})";
inline const std::string kHelloStream = R"({"stream":true,"messages":[{"role":"user","content":"Hello"}]})";

class Served : public testing::Test {
 protected:
  void start(server::ServerOptions options = {}) {
    server_.reset();
    engine_.begin_again();
    options.port = 0;
    auto started = server::HttpServer::start(
        std::move(options), {.name = "fake", .file_bytes = 10, .modified = 0, .digest = "00", .sees = true},
        engine_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  int port() const { return server_->port(); }
  Reply post(const std::string& body, const std::string& path = kChat, const std::string& headers = {}) {
    return ask(port(), "POST", path, body, headers);
  }
  Reply get(const std::string& path, const std::string& headers = {}) {
    return ask(port(), "GET", path, {}, headers);
  }
  /// Busy until as many wait.
  void wait_for_queue(std::size_t waiting) {
    while (Json::parse(get("/health").body)["queue"]["waiting"] != waiting) {
    }
  }

  FakeEngine engine_;
  std::unique_ptr<server::HttpServer> server_;
};

}  // namespace plimsoll::test
