// Every row of docs/server.md's table of errors, and every malformed request we could think of.
#include "tests/unit/server/served.h"

namespace plimsoll::test {
namespace {

using ErrorTable = Served;

struct Row {
  ServiceFailure failure;
  int status;
  const char* type;
  const char* code;
};

TEST_F(ErrorTable, WhatTheEngineSaysBecomesAStatus) {
  start();
  const auto error = [](ErrorCode code, std::string message = "no") {
    return ServiceFailure{.error = {code, std::move(message)}};
  };
  const std::vector<Row> rows{
      {error(ErrorCode::invalid_argument), 400, "invalid_request_error", "invalid_value"},
      {error(ErrorCode::invalid_argument, "the prompt takes 9 tokens"), 400, "invalid_request_error",
       "prompt_too_long"},
      {error(ErrorCode::over_budget), 503, "over_budget_error", "over_budget"},
      {error(ErrorCode::out_of_memory), 503, "over_budget_error", "out_of_memory"},
      {error(ErrorCode::busy), 429, "rate_limit_error", "queue_full"},
      {error(ErrorCode::engine), 500, "server_error", "engine"},
      {error(ErrorCode::io), 500, "server_error", "engine"},
      {error(ErrorCode::not_found), 500, "server_error", "engine"},
      {error(ErrorCode::internal), 500, "server_error", "internal"},
      {{.error = {ErrorCode::engine, "lost"}, .worker_lost = true}, 503, "server_error", "worker_lost"},
      {{.error = {ErrorCode::cancelled, "stopping"}, .stopping = true}, 503, "server_error", "stopping"}};
  for (const Row& row : rows) {
    engine_.fail_with(row.failure);
    for (const std::string& body : {kHello, kHelloStream}) {
      const Reply reply = post(body);
      EXPECT_EQ(reply.status, row.status) << row.code;
      const Json told = Json::parse(reply.body)["error"];
      EXPECT_EQ(told["type"], row.type);
      EXPECT_EQ(told["code"], row.code);
      EXPECT_EQ(told["message"], row.failure.error.message);
    }
    const Json told = Json::parse(post(R"({"prompt":"Hi"})", "/api/generate").body);
    EXPECT_EQ(told["error"], row.failure.error.message);
  }
}

TEST_F(ErrorTable, ADenialSaysWhoHoldsWhat) {
  start();
  engine_.fail_with({.error = over_budget_error({.holder = "weights.text",
                                                 .requested_bytes = 10,
                                                 .available_bytes = 3,
                                                 .limit_bytes = 20,
                                                 .holders = {{"kv", 17}}})});
  const Json denial = Json::parse(post(kHello).body)["error"]["denial"];
  EXPECT_EQ(denial["holder"], "weights.text");
  EXPECT_EQ(denial["requested_bytes"], 10);
  EXPECT_EQ(denial["available_bytes"], 3);
  EXPECT_EQ(denial["limit_bytes"], 20);
  EXPECT_EQ(denial["holders"]["kv"], 17);
}

TEST_F(ErrorTable, KeysRoutesMethodsAndModels) {
  start({.api_key = "secret"});
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/").status, 200);
  for (const char* headers : {"", "Authorization: Bearer wrong\r\n", "Authorization: secret\r\n",
                              "Authorization: Bearer secretx\r\n", "Authorization: Bearer \r\n"}) {
    const Reply reply = get("/v1/models", headers);
    EXPECT_EQ(reply.status, 401) << headers;
    EXPECT_EQ(Json::parse(reply.body)["error"]["code"], "invalid_api_key");
    EXPECT_EQ(Json::parse(reply.body)["error"]["type"], "authentication_error");
  }
  const std::string key = "Authorization: Bearer secret\r\n";
  EXPECT_EQ(get("/v1/models", key).status, 200);
  EXPECT_EQ(get("/nothing", key).status, 404);
  EXPECT_EQ(Json::parse(get("/nothing", key).body)["error"]["code"], "not_found");
  const Reply method = get(kChat, key);
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.headers.at("allow"), "POST");
  EXPECT_EQ(Json::parse(method.body)["error"]["code"], "method_not_allowed");
  const std::string other = R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}]})";
  const Reply model = post(other, kChat, key);
  EXPECT_EQ(model.status, 404);
  EXPECT_EQ(Json::parse(model.body)["error"]["code"], "model_not_found");
  EXPECT_EQ(get("/v1/models/fake", key).status, 200);
  EXPECT_EQ(get("/v1/models/gpt", key).status, 404);
}

struct Malformed {
  std::string body;
  std::string code;
  std::string param;
};

std::string asking(const std::string& fields) {
  return R"({"messages":[{"role":"user","content":"Hi"}],)" + fields + "}";
}
std::string saying(const std::string& parts) {
  return R"({"messages":[{"role":"user","content":[)" + parts + "]}]}";
}
std::string showing(const std::string& url) {
  return saying(R"({"type":"image_url","image_url":{"url":")" + url + R"("}})");
}
const std::string kImage = "messages[0].content[0].image_url";

TEST_F(ErrorTable, MalformedRequestsAreRefusedAndNamed) {
  start();
  const std::vector<Malformed> all{
      {"", "invalid_json", ""},
      {"   ", "invalid_json", ""},
      {"{", "invalid_json", ""},
      {"[]", "invalid_json", ""},
      {"{\"a\":\"\xFF\xFE\"}", "invalid_json", ""},
      {std::string(100'000, '['), "invalid_json", ""},
      {R"({"messages":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}", "invalid_json", ""},
      {"{}", "invalid_value", "messages"},
      {R"({"messages":[]})", "invalid_value", "messages"},
      {R"({"messages":null})", "invalid_value", "messages"},
      {R"({"messages":[null]})", "invalid_value", "messages[0]"},
      {R"({"messages":[{"content":"Hi"}]})", "invalid_value", "messages[0].role"},
      {R"({"messages":[{"role":"tool","content":"Hi"}]})", "invalid_value", "messages[0].role"},
      {R"({"messages":[{"role":"user"}]})", "invalid_value", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":null}]})", "invalid_value", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":[]}]})", "invalid_value", "messages[0].content"},
      {R"({"messages":[{"role":"system","content":"Hi"}]})", "invalid_value", "messages"},
      {R"({"messages":[{"role":"assistant","content":"Hi"}]})", "invalid_value", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]})", "invalid_value",
       "messages[1].role"},
      {R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})", "invalid_value",
       "messages"},
      {asking(R"("max_tokens":-5)"), "invalid_value", "max_tokens"},
      {asking(R"("max_tokens":0)"), "invalid_value", "max_tokens"},
      {asking(R"("max_completion_tokens":1.5)"), "invalid_value", "max_completion_tokens"},
      {asking(R"("max_tokens":"many")"), "invalid_value", "max_tokens"},
      {asking(R"("temperature":2.1)"), "invalid_value", "temperature"},
      {asking(R"("temperature":-0.1)"), "invalid_value", "temperature"},
      {asking(R"("temperature":1e999)"), "invalid_json", ""},
      {asking(R"("top_p":0)"), "invalid_value", "top_p"},
      {asking(R"("top_p":1.1)"), "invalid_value", "top_p"},
      {asking(R"("n":2)"), "invalid_value", "n"},
      {asking(R"("seed":"x")"), "invalid_value", "seed"},
      {asking(R"("stop":["a","b","c","d","e"])"), "invalid_value", "stop"},
      {asking(R"("stop":"")"), "invalid_value", "stop"},
      {asking(R"("stream":"yes")"), "invalid_value", "stream"},
      {asking(R"("stream_options":3)"), "invalid_value", "stream_options"},
      {asking(R"("model":7)"), "invalid_value", "model"},
      {asking(R"("response_format":"json")"), "invalid_value", "response_format"},
      {asking(R"("response_format":{"type":"xml"})"), "invalid_value", "response_format.type"},
      {asking(R"("response_format":{"type":"json_schema"})"), "invalid_value", "response_format.json_schema"},
      {asking(R"("response_format":{"type":"json_schema","json_schema":{"schema":{"type":"banana"}}})"),
       "invalid_value", "response_format.json_schema.schema"},
      {asking(R"("response_format":{"type":"json_schema","json_schema":{"schema":{"$ref":"http://x/y"}}})"),
       "invalid_value", "response_format.json_schema.schema"},
      {saying("3"), "invalid_value", "messages[0].content[0]"},
      {saying(R"({"type":"audio"})"), "invalid_value", "messages[0].content[0].type"},
      {saying(R"({"type":"text"})"), "invalid_value", "messages[0].content[0].text"},
      {saying(R"({"type":"image_url"})"), "invalid_image", kImage},
      {saying(R"({"type":"image_url","image_url":null})"), "invalid_image", kImage},
      {saying(R"({"type":"image_url","image_url":{"url":null}})"), "invalid_image", kImage},
      {showing(""), "invalid_image", kImage},
      {showing("file:///etc/passwd"), "invalid_image", kImage},
      {showing("http://127.0.0.1/x.png"), "invalid_image", kImage},
      {showing("data:image/png;base64,"), "invalid_image", kImage},
      {showing("data:image/png;base64,####"), "invalid_image", kImage},
      {showing("data:image/png;base64,aGVsbG8"), "invalid_image", kImage},
      {showing("data:image/png;base64,aGVsbG8gd29ybGQ="), "invalid_image", kImage},
      {showing("data:image/png,rawbytes"), "invalid_image", kImage},
      {saying(R"({"type":"video_url","video_url":{"url":"file:///etc/passwd"}})"), "invalid_video",
       "messages[0].content[0].video_url"},
  };
  for (const Malformed& malformed : all) {
    const Reply reply = post(malformed.body);
    ASSERT_EQ(reply.status, 400) << malformed.body.substr(0, 200) << reply.body;
    const Json error = Json::parse(reply.body)["error"];
    EXPECT_EQ(error["code"], malformed.code) << malformed.body.substr(0, 200) << reply.body;
    EXPECT_EQ(error["param"].is_null() ? "" : error["param"], malformed.param) << reply.body;
    EXPECT_FALSE(error["message"].get<std::string>().empty());
  }
  EXPECT_EQ(engine_.request_count(), 0);
}

TEST_F(ErrorTable, AHundredMegabytesOfTextAreTooMuch) {
  start();
  const Reply reply = post(asking(R"("x":")" + std::string(100 << 20, 'a') + "\""));
  EXPECT_EQ(reply.status, 413);
}

TEST_F(ErrorTable, ThePictureThatCouldNotBeReadIsNamed) {
  start();
  engine_.fail_with(
      {.error = {ErrorCode::invalid_argument, kImage + ": the picture is cut short or damaged"}});
  const Json error = Json::parse(post(showing("data:image/png;base64,iVBORw0KGgoAAAAA")).body)["error"];
  EXPECT_EQ(error["code"], "invalid_image");
  EXPECT_EQ(error["param"], kImage);
}

TEST_F(ErrorTable, AVideoIsAFileOnlyWhileItIsLookedAtAndNeverNamed) {
  start();
  engine_.hold();
  RawClient client(port());
  client.send(request_text(
      "POST", kChat, saying(R"({"type":"video_url","video_url":{"url":"data:video/mp4;base64,aGVsbG8="}})")));
  engine_.wait_until_running();
  const std::filesystem::path path = engine_.last_request().turns[0].video->path;
  EXPECT_EQ(std::filesystem::file_size(path), 5);
  EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms(077),
            std::filesystem::perms::none);
  engine_.fail_with({.error = {ErrorCode::invalid_argument, path.string() + ": not a video"}});
  engine_.let_go();
  const Json error = Json::parse(client.read_reply().body)["error"];
  EXPECT_EQ(error["code"], "invalid_video");
  EXPECT_EQ(error["message"], "messages[0].content[0].video_url: not a video");
  server_->stop(std::chrono::milliseconds(0));
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace plimsoll::test
