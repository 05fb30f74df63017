#include "tests/unit/server/served.h"

namespace plimsoll::test {
namespace {

using RudeClients = Served;

TEST_F(RudeClients, ABodyThatIsTooLargeIsRefusedFromItsLength) {
  start({.max_body_bytes = 1 << 20});
  RawClient client(port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n");
  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(Json::parse(reply.body)["error"]["code"], "body_too_large");
}

TEST_F(RudeClients, AHundredMegabytesThatAreSentAllTheSameGetTheAnswer) {
  start({.max_body_bytes = 1 << 20});
  RawClient client(port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n");
  const std::string piece(1 << 20, 'a');
  for (int i = 0; i < 100; ++i) client.send(piece);
  EXPECT_EQ(client.read_reply().status, 413);
}

TEST_F(RudeClients, WhoAsksBeforeSendingIsToldNotTo) {
  start({.max_body_bytes = 1 << 20});
  RawClient client(port());
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 104857600\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 413);
}

TEST_F(RudeClients, ChunksThatPassTheLimitAreRefused) {
  start({.max_body_bytes = 1 << 20});
  RawClient client(port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece = "40000\r\n" + std::string(0x40000, 'a') + "\r\n";
  for (int i = 0; i < 8; ++i) client.send(piece);
  EXPECT_EQ(client.read_reply().status, 413);
}

TEST_F(RudeClients, ChunksWithinTheLimitAreARequest) {
  start();
  RawClient client(port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("A\r\n" + kHello.substr(0, 10) + "\r\n");
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx", kHello.size() - 10);
  client.send(size.data() + ("\r\n" + kHello.substr(10)) + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(RudeClients, AmbiguousLengthsAreRefused) {
  start();
  for (const char* lengths :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -5\r\n", "Content-Length: x\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n"}) {
    RawClient client(port());
    client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + std::string(lengths) +
                "\r\nhello");
    EXPECT_EQ(client.read_reply().status, 400) << lengths;
  }
}

TEST_F(RudeClients, AHeadThatNeverEndsIsGivenUp) {
  server::ServerOptions options;
  options.reception.head_time = std::chrono::milliseconds(20);
  start(options);
  RawClient client(port());
  client.send("GET /health HTTP/1.1\r\nX-Slow: ");
  EXPECT_EQ(client.read_reply().status, 408);
}

TEST_F(RudeClients, HeadsAndTargetsThatAreTooLargeAreRefused) {
  start();
  RawClient head(port());
  head.send("GET /health HTTP/1.1\r\nX-Large: " + std::string(40'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(head.read_reply().status, 431);
  RawClient target(port());
  target.send("GET /" + std::string(8'000, 'a') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(target.read_reply().status, 414);
}

TEST_F(RudeClients, ThoseWhoHangOnKeepNobodyElseWaiting) {
  start();
  engine_.hold();
  RawClient answered(port());
  answered.send(request_text("POST", kChat, kHello));
  engine_.wait_until_running();
  std::vector<RawClient> hanging;
  for (int i = 0; i < 64; ++i) {
    hanging.emplace_back(port());
    if (i % 3 == 0) hanging.back().send("GET /health HT");
    if (i % 3 == 1) {
      hanging.back().send(
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n{");
    }
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get("/health").status, 200);
  engine_.let_go();
  EXPECT_EQ(answered.read_reply().status, 200);
}

TEST_F(RudeClients, WhatIsNoHttpIsRefused) {
  start();
  RawClient client(port());
  client.send("\x16\x03\x01 hello\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 400);
  EXPECT_EQ(get("/health").status, 200);
}

TEST_F(RudeClients, PathsLeadNowhereButToRoutes) {
  start();
  for (const char* path : {"/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc/passwd",
                           "//etc/passwd", "/index.html/../../etc/passwd", "/a%00b", "/%0a"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(RudeClients, OtherPeoplesPagesMayNotAsk) {
  start();
  EXPECT_EQ(post(kHello, kChat, "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(post(kHello, kChat, "Origin: null\r\n").status, 403);
  EXPECT_EQ(post(kHello, kChat, "Origin: http://127.0.0.1\r\n").status, 200);
  RawClient rebound(port());
  rebound.send("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(rebound.read_reply().status, 403);
  EXPECT_FALSE(get("/health").headers.contains("access-control-allow-origin"));
}

TEST_F(RudeClients, APageThatIsAllowedMay) {
  start({.allow_origin = "http://friend.example"});
  const Reply reply = post(kHello, kChat, "Origin: http://friend.example\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("access-control-allow-origin"), "http://friend.example");
  EXPECT_EQ(ask(port(), "OPTIONS", kChat, {}, "Origin: http://friend.example\r\n").status, 204);
  EXPECT_EQ(post(kHello, kChat, "Origin: http://evil.example\r\n").status, 403);
}

}  // namespace
}  // namespace plimsoll::test
