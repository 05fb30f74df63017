// The parts that need no server.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "server/body_room.h"
#include "server/fair_queue.h"
#include "server/gate.h"
#include "server/json_text.h"
#include "server/remote_picture.h"
#include "server/request_head.h"
#include "server/response_format.h"

namespace plimsoll::server {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonText, IsReadToItsDepthAndNoFurther) {
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)));
  EXPECT_FALSE(parse_json(nested(kMaxJsonDepth + 1)));
  EXPECT_TRUE(parse_json(R"(["[[[[\"[[", "{\\"])"));
  std::string unended(101, '\\');
  unended.front() = '"';
  EXPECT_FALSE(parse_json(unended));
}

TEST(JsonText, CountsValuesAndMembers) {
  std::string many = "[0";
  for (std::size_t i = 0; i < kMaxJsonValues; ++i) many += ",0";
  EXPECT_FALSE(parse_json(many + "]"));
  std::string members = "{\"a\":0";
  for (std::size_t i = 0; i < kMaxJsonMembers; ++i) members += ",\"a\":0";
  EXPECT_FALSE(parse_json(members + "}"));
  EXPECT_TRUE(parse_json(R"({"a":[1,2,3],"b":{"c":","}})"));
}

TEST(BodyRoom, IsGivenBack) {
  BodyRoom room(100);
  EXPECT_EQ(room.take(101).error().status, 413);
  {
    std::vector<std::shared_ptr<void>> taken;
    for (std::uint64_t i = 0; i < BodyRoom::kBodies; ++i) taken.push_back(*room.take(100));
    EXPECT_EQ(room.take(1).error().status, 429);
  }
  EXPECT_EQ(room.taken_bytes(), 0);
}

TEST(FairQueue, ClientsTakeTurns) {
  FairQueue queue;
  queue.push(1, "a", false);
  queue.push(2, "a", false);
  queue.push(3, "a", false);
  queue.push(4, "b", false);
  EXPECT_EQ(queue.position(4), 2);
  EXPECT_EQ(queue.position(3), 4);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 4);
  EXPECT_TRUE(queue.remove(2));
  EXPECT_FALSE(queue.remove(2));
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(FairQueue, QuickOnesGoFirstButNobodyIsPassedTooOften) {
  FairQueue queue;
  queue.push(1, "slow", false);
  for (FairQueue::Id id = 2; id < 6; ++id) queue.push(id, "quick" + std::to_string(id), true);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 4);
  EXPECT_EQ(queue.size(), 1);
}

TEST(Gate, KnowsThisMachineByItsNames) {
  for (const char* name : {"localhost", "127.0.0.1", "127.9.9.9", "::1", "LOCALHOST"}) {
    EXPECT_TRUE(is_loopback_host(name)) << name;
  }
  for (const char* name :
       {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", ""}) {
    EXPECT_FALSE(is_loopback_host(name)) << name;
  }
  const Gate gate("127.0.0.1", {}, {});
  EXPECT_FALSE(gate.check_browser({.host = "[::1]:8080", .origin = {}, .authorization = {}}));
  EXPECT_TRUE(
      gate.check_browser({.host = "localhost:8080", .origin = "http://localhost:9", .authorization = {}}));
  EXPECT_FALSE(Gate("0.0.0.0", {}, {}).check_browser({.host = "pc.lan", .origin = {}, .authorization = {}}));
}

TEST(Gate, ComparesKeys) {
  EXPECT_TRUE(equal_in_constant_time("key", "key"));
  EXPECT_FALSE(equal_in_constant_time("key", "kez"));
  EXPECT_FALSE(equal_in_constant_time("key", "keyy"));
}

bool is_public(const char* text) {
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    return is_public_address(reinterpret_cast<const sockaddr&>(v6));
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  EXPECT_EQ(::inet_pton(AF_INET, text, &v4.sin_addr), 1) << text;
  return is_public_address(reinterpret_cast<const sockaddr&>(v4));
}

TEST(PublicAddress, IsOneThatAnybodyHas) {
  for (const char* address : {"1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(is_public(address)) << address;
  }
  for (const char* address : {"127.0.0.1",     "127.1.2.3",        "0.0.0.0",         "10.1.1.1",
                              "172.16.0.1",    "172.31.255.255",   "192.168.1.1",     "169.254.169.254",
                              "100.64.0.1",    "224.0.0.1",        "255.255.255.255", "::",
                              "::1",           "fe80::1",          "fc00::1",         "fd12::1",
                              "ff02::1",       "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
                              "2002:7f00:1::", "2001:0:1::1",      "::127.0.0.1"}) {
    EXPECT_FALSE(is_public(address)) << address;
  }
}

TEST(RemotePicture, LoopbackAndFilesAreNotFetched) {
  const auto fetcher = make_picture_fetcher(1000);
  for (const char* url : {"http://127.0.0.1:9/a.png", "http://localhost:9/", "http://[::1]:9/",
                          "http://2130706433:9/", "http://[::ffff:127.0.0.1]:9/", "http://0x7f000001:9/"}) {
    const auto fetched = fetcher->fetch(url);
    ASSERT_FALSE(fetched) << url;
    EXPECT_NE(fetched.error().find("public"), std::string::npos) << fetched.error();
  }
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"}) {
    EXPECT_FALSE(fetcher->fetch(url)) << url;
  }
}

TEST(RequestHead, IsReadOnceItIsWhole) {
  EXPECT_FALSE(read_head("POST /a?b HTTP/1.1\r\nContent-Length: 7\r\n"));
  const auto head = read_head("POST /a?b HTTP/1.1\r\ncontent-length:  7 \r\n\r\nbody");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->path, "/a");
  EXPECT_EQ(head->content_length, 7);
  EXPECT_FALSE(head->ambiguous);
}

ApiExpected<std::string> grammar_for(const std::string& schema) {
  const Json body = Json::parse(R"({"format":)" + schema + "}");
  return grammar_of_format(Fields(body));
}

TEST(ResponseFormat, ASchemaBecomesAGrammar) {
  const auto grammar = grammar_for(
      R"({"type":"object","properties":{"b":{"type":"integer"},"a":{"enum":["x","y"]}},"required":["b","a"]})");
  ASSERT_TRUE(grammar) << grammar.error().message;
  EXPECT_NE(grammar->find("root ::="), std::string::npos);
  EXPECT_LT(grammar->find("b-kv"), grammar->find("a-kv \"\\\"x")) << *grammar;
  EXPECT_TRUE(grammar_for("\"json\""));
  EXPECT_FALSE(grammar_for("\"xml\""));
  EXPECT_FALSE(grammar_for(R"({"type":"banana"})"));
  EXPECT_FALSE(grammar_for(R"({"type":"string","pattern":"^((a$"})"));
}

}  // namespace
}  // namespace plimsoll::server
