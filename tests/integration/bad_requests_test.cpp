// What a client may send by mistake or in anger: each is refused in a sentence, or answered where that is
// right, and afterwards the server's processes are as small as before.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/base64_text.h"
#include "tests/file_text.h"
#include "tests/integration/png_of_size.h"
#include "tests/integration/serving_program.h"

namespace plimsoll::test {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

const std::string kKey = "Authorization: Bearer anchor\r\n";
const std::string kHi = R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":4})";

// What allocators may keep in hand after their largest request.
constexpr std::size_t kKeptBytes = 8 << 20;
constexpr std::chrono::seconds kTimeToGiveBack(10);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;  // sanitizers keep what was freed
#else
constexpr bool kMemoryIsOurs = true;
#endif

std::string posted(const std::string& body, const std::string& headers = kKey) {
  return request_text("POST", "/v1/chat/completions", body, headers);
}
std::string saying(const std::string& content) {
  return posted(R"({"max_tokens":4,"messages":[{"role":"user","content":)" + content + "}]}");
}
std::string showing(const std::string& url) {
  return saying(R"([{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":")" + url +
                R"("}}])");
}
std::string showing_bytes(const std::string& bytes) {
  return showing("data:image/png;base64," + base64(bytes));
}
std::string with_field(const std::string& field) {
  return posted(R"({"messages":[{"role":"user","content":"Hi"}],)" + field + "}");
}
// Half of a picture; the first byte of a seed of the fuzz targets is not the picture's.
std::string jpeg_cut_short() {
  const std::string seed =
      file_text(std::string(PLIMSOLL_SOURCE_DIR) + "/tests/fuzz/corpus/image/baseline.jpg");
  return seed.substr(1, seed.size() / 2);
}

constexpr int kAnyAnswer = 0;  // 200 or 400: both are right

struct Row {
  const char* name;
  std::string request;
  int status;
  const char* code = "";
};

std::vector<Row> pictures() {
  return {{"a JPEG cut short", showing_bytes(jpeg_cut_short()), 400, "invalid_image"},
          {"1x1", showing_bytes(png_of_size(1, 1)), 200},
          {"4000x1", showing_bytes(png_of_size(4000, 1)), 200},
          {"20000x20000", showing_bytes(png_of_size(20'000, 20'000)), kAnyAnswer},
          {"text as a picture", showing_bytes("hello world"), 400, "invalid_image"},
          {"bad base64", showing("data:image/png;base64,####"), 400, "invalid_image"},
          {"no picture", showing(""), 400, "invalid_image"},
          {"null for a picture", saying(R"([{"type":"image_url","image_url":null}])"), 400, "invalid_image"},
          {"a file of the server", showing("file:///etc/passwd"), 400, "invalid_image"},
          {"a page of this machine", showing("http://127.0.0.1:1/a.png"), 400, "invalid_image"},
          {"the same in one number", showing("http://2130706433:1/a.png"), 400, "invalid_image"}};
}

std::vector<Row> bodies() {
  return {{"no role", posted(R"({"messages":[{"content":"Hi"}]})"), 400, "invalid_value"},
          {"no messages", posted(R"({"messages":[]})"), 400, "invalid_value"},
          {"-5 tokens", with_field(R"("max_tokens":-5)"), 400, "invalid_value"},
          {"0 tokens", with_field(R"("max_tokens":0)"), 400, "invalid_value"},
          {"1e18 tokens", with_field(R"("max_tokens":1e18)"), 200},
          {"not UTF-8", saying("\"\xC3\x28\xFF\""), 400, "invalid_json"},
          {"an empty body", posted(""), 400, "invalid_json"},
          {"100,000 deep", posted(std::string(100'000, '[')), 400, "invalid_json"},
          {"20 MB of text", saying("\"" + std::string(20'000'000, 'a') + "\""), 400, "prompt_too_long"},
          {"100 MB of text", saying("\"" + std::string(100'000'000, 'a') + "\""), 413, "body_too_large"},
          {"100 MB of anything", posted(std::string(100'000'000, '\0')), 413, "body_too_large"}};
}

std::vector<Row> others() {
  return {
      {"no key", posted(kHi, ""), 401, "invalid_api_key"},
      {"another key", posted(kHi, "Authorization: Bearer anker\r\n"), 401, "invalid_api_key"},
      {"a path that leads upwards", request_text("GET", "/assets/../../etc/passwd", {}, kKey), 404,
       "not_found"},
      {"the same, escaped", request_text("GET", "/%2e%2e/%2e%2e/etc/passwd", {}, kKey), 404, "not_found"}};
}

std::size_t anonymous_bytes(pid_t process) {
  const std::string status = file_text("/proc/" + std::to_string(process) + "/status");
  const auto found = status.find("RssAnon:");
  return found == std::string::npos ? 0 : std::strtoul(status.c_str() + found + 8, nullptr, 10) * 1024;
}

class BadRequests : public testing::TestWithParam<bool> {
 protected:
  // Nothing is kept of what was seen, so that what is held can be compared.
  static std::vector<std::string> options() {
    std::vector<std::string> options{"--api-key",       "anchor", "--cache-limit",        "0",
                                     "--device-memory", "4GiB",   "--allow-remote-images"};
    if (!GetParam()) options.emplace_back("--no-worker");
    return options;
  }

  void SetUp() override {
    ASSERT_EQ(send(showing_bytes(file_text(kExamples + "cat.png"))).status, 200);
    ASSERT_EQ(send(with_field(R"("max_tokens":1e18)")).status, 200);
    ASSERT_EQ(send(saying("\"" + std::string(20'000'000, 'a') + "\"")).status, 400);
    before_ = bytes();
  }

  Reply send(const std::string& request) const {
    RawClient client(program_.port());
    client.send(request);
    return client.read_reply();
  }

  Json health() const { return Json::parse(ask(program_.port(), "GET", "/health").body); }

  // Of the server and its worker.
  std::size_t bytes() const {
    const auto worker = health()["worker"]["pid"].get<pid_t>();
    return anonymous_bytes(program_.pid()) + (worker == program_.pid() ? 0 : anonymous_bytes(worker));
  }

  void expect_as_small_as_before(const char* name) const {
    std::size_t now = bytes();
    for (const auto end = Clock::now() + kTimeToGiveBack; now > before_ + kKeptBytes && Clock::now() < end;) {
      now = bytes();
    }
    most_kept_ = std::max(most_kept_, now > before_ ? now - before_ : 0);
    if (kMemoryIsOurs) {
      EXPECT_LE(now, before_ + kKeptBytes) << name << " left " << now - before_ << " bytes";
    }
    EXPECT_EQ(health()["worker"]["restarts"], 0) << name;
  }

  static void expect_sentence(const Reply& reply, const Row& row) {
    const Json body = Json::parse(reply.body, nullptr, false);
    ASSERT_TRUE(body.is_object() && body["error"].is_object()) << row.name << ": " << reply.body;
    const Json& error = body["error"];
    if (*row.code != '\0') {
      EXPECT_EQ(error["code"], row.code) << row.name << ": " << reply.body;
    }
    EXPECT_TRUE(error["type"].is_string() && error.contains("param")) << row.name << ": " << reply.body;
    const auto message = error["message"].get<std::string>();
    EXPECT_TRUE(!message.empty() && message.size() < 500 && message.find('\n') == std::string::npos)
        << row.name << ": " << message;
  }

  void expect_all(const std::vector<Row>& rows) const {
    for (const Row& row : rows) {
      const Reply reply = send(row.request);
      if (row.status == kAnyAnswer) {
        EXPECT_TRUE(reply.status == 200 || reply.status == 400) << row.name << ": " << reply.body;
      } else {
        EXPECT_EQ(reply.status, row.status) << row.name << ": " << reply.body.substr(0, 500);
      }
      if (reply.status != 200) expect_sentence(reply, row);
      expect_as_small_as_before(row.name);
    }
    RecordProperty("most_bytes_kept", std::to_string(most_kept_));
  }

  ServingProgram program_{options()};
  std::size_t before_ = 0;
  mutable std::size_t most_kept_ = 0;
};
INSTANTIATE_TEST_SUITE_P(WorkerAndNone, BadRequests, testing::Bool());

TEST_P(BadRequests, PicturesAreRefusedOrSeenAndLeaveNothing) { expect_all(pictures()); }
TEST_P(BadRequests, BodiesAreRefusedAndLeaveNothing) { expect_all(bodies()); }
TEST_P(BadRequests, KeysAndPathsAreRefusedAndLeaveNothing) { expect_all(others()); }

TEST_P(BadRequests, ThoseWhoHangOnAreSentAwayAndLeaveNothing) {
  std::vector<RawClient> slow;
  for (int i = 0; i < 100; ++i) {
    slow.emplace_back(program_.port());
    slow.back().send("POST /v1/chat/completions HTTP/1.1\r\nX-Slow: " + std::string(8000, 'a'));
  }
  EXPECT_EQ(send(posted(kHi)).status, 200);
  for (RawClient& client : slow) EXPECT_EQ(client.read_reply().status, 408);
  slow.clear();
  expect_as_small_as_before("slow heads");
}

TEST_P(BadRequests, HalfClosedConnectionsAreAnsweredOrEndAndLeaveNothing) {
  RawClient whole(program_.port());
  whole.send(posted(kHi));
  whole.end_sending();
  EXPECT_EQ(whole.read_reply().status, 200);
  for (const std::string& half :
       {posted(kHi).substr(0, 60), posted(std::string(1'000'000, ' ')).substr(0, 500'000)}) {
    RawClient client(program_.port());
    client.send(half);
    client.end_sending();
    const int status = client.read_reply().status;
    EXPECT_TRUE(status == 0 || status == 400) << status;
    expect_as_small_as_before("half a request");
  }
}

}  // namespace
}  // namespace plimsoll::test
