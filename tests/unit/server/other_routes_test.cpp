#include "tests/unit/server/served.h"

namespace plimsoll::test {
namespace {

using OtherRoutes = Served;

std::vector<Json> lines_of(const std::string& body) {
  std::vector<Json> lines;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = body.find('\n', at);
    lines.push_back(Json::parse(body.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

TEST_F(OtherRoutes, OllamasChatStreamsLines) {
  start();
  const Reply reply = post(R"({"model":"fake:latest","messages":[{"role":"user","content":"Hi"}],
    "options":{"temperature":0,"num_predict":-1,"stop":["x"]},"format":"json"})",
                           "/api/chat");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto lines = lines_of(reply.body);
  EXPECT_EQ(lines.front()["message"]["content"].get<std::string>().substr(0, 5), "Hello");
  EXPECT_EQ(lines.front()["done"], false);
  EXPECT_EQ(lines.back()["done"], true);
  EXPECT_EQ(lines.back()["done_reason"], "stop");
  EXPECT_EQ(lines.back()["eval_count"], 3);
  EXPECT_EQ(engine_.last_request().temperature, 0.0F);
  EXPECT_FALSE(engine_.last_request().max_tokens.has_value());
  EXPECT_FALSE(engine_.last_request().grammar.empty());
}

TEST_F(OtherRoutes, OllamasGenerateAnswersLoadsAndUnloads) {
  start();
  const Json answer = Json::parse(
      post(R"({"model":"fake","prompt":"Hi","system":"Be brief","stream":false})", "/api/generate").body);
  EXPECT_EQ(answer["response"], "Hello there");
  EXPECT_EQ(engine_.last_request().system_prompt, "Be brief");
  EXPECT_EQ(Json::parse(post(R"({"model":"fake"})", "/api/generate").body)["done_reason"], "load");
  EXPECT_TRUE(engine_.is_loaded());
  EXPECT_EQ(Json::parse(get("/api/ps").body)["models"][0]["name"], "fake:latest");
  EXPECT_EQ(Json::parse(post(R"({"model":"fake","keep_alive":0})", "/api/generate").body)["done_reason"],
            "unload");
  EXPECT_FALSE(engine_.is_loaded());
  EXPECT_TRUE(Json::parse(get("/api/ps").body)["models"].empty());
}

TEST_F(OtherRoutes, OllamasErrorsAreATextAndItsModelIsListed) {
  start({.version = "1.2.3"});
  const Reply refused = post(R"({"model":"other","prompt":"Hi"})", "/api/generate");
  EXPECT_EQ(refused.status, 404);
  EXPECT_TRUE(Json::parse(refused.body)["error"].is_string());
  EXPECT_EQ(Json::parse(get("/api/tags").body)["models"][0]["model"], "fake:latest");
  EXPECT_EQ(Json::parse(post(R"({"model":"fake:latest"})", "/api/show").body)["capabilities"][1], "vision");
  EXPECT_EQ(Json::parse(get("/api/version").body)["version"], "1.2.3");
}

TEST_F(OtherRoutes, MemoryIsShownOnceAndAsEvents) {
  start({.max_body_bytes = 5 << 20});
  const Json memory = Json::parse(get("/v1/memory").body);
  EXPECT_EQ(memory["memory"]["active_bytes"], 7);
  EXPECT_EQ(memory["queue"]["limit"], 16);
  EXPECT_EQ(memory["max_body_bytes"], 5 << 20);
  RawClient watcher(port());
  watcher.send(request_text("GET", "/v1/memory/events"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(watcher.read_until("event: sample\ndata: ").find("event"), std::string::npos);
    EXPECT_NE(watcher.read_until("\n\n").find("\"active_bytes\":7"), std::string::npos);
  }
}

TEST_F(OtherRoutes, ThePlanIsAskedForADevice) {
  start();
  EXPECT_EQ(Json::parse(get("/v1/plan?device_memory=4GiB&strategy=fitted").body)["device_memory"],
            4ULL << 30);
  EXPECT_EQ(get("/v1/plan?device_memory=much").status, 400);
  EXPECT_EQ(get("/v1/plan?strategy=best").status, 400);
}

TEST_F(OtherRoutes, TheModelIsLoadedAndUnloadedByHand) {
  start();
  EXPECT_EQ(Json::parse(post("", "/v1/models/load").body)["status"], "loaded");
  EXPECT_TRUE(engine_.is_loaded());
  const Reply unloading = post("", "/v1/models/unload");
  EXPECT_EQ(unloading.status, 202);
  EXPECT_EQ(Json::parse(unloading.body)["status"], "unloading");
  EXPECT_FALSE(engine_.is_loaded());
}

TEST_F(OtherRoutes, HealthKnowsOfALostWorker) {
  start();
  EXPECT_EQ(Json::parse(get("/health").body)["status"], "ok");
  engine_.lose_worker();
  const Reply reply = get("/health");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(Json::parse(reply.body)["status"], "restarting");
}

TEST_F(OtherRoutes, ThePageHasATagAndAPolicy) {
  start();
  const Reply page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.headers.at("content-security-policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.headers.at("x-content-type-options"), "nosniff");
  EXPECT_NE(page.body.find("<html"), std::string::npos);
  const Reply compressed = get("/", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(compressed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(compressed.body.size(), page.body.size());
  EXPECT_EQ(get("/", "If-None-Match: " + page.headers.at("etag") + "\r\n").status, 304);
}

TEST_F(OtherRoutes, MetricsAreThereWhereTheyAreWanted) {
  start();
  EXPECT_EQ(get("/metrics").status, 404);
  start({.metrics = true});
  post(kHello);
  const std::string text = get("/metrics").body;
  EXPECT_NE(text.find("plimsoll_answers_total{outcome=\"stop\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("plimsoll_holder_bytes{holder=\"kv\"} 7"), std::string::npos);
  EXPECT_NE(text.find("plimsoll_worker_restarts 3"), std::string::npos);
  EXPECT_NE(text.find("plimsoll_worker_steps_down 2"), std::string::npos);
  EXPECT_NE(text.find("route=\"/v1/chat/completions\",status=\"200\""), std::string::npos);
}

TEST_F(OtherRoutes, APortInUseIsSaid) {
  start();
  server::ServerOptions options;
  options.port = port();
  FakeEngine other;
  const auto second = server::HttpServer::start(options, {.name = "fake", .digest = {}}, other);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

}  // namespace
}  // namespace plimsoll::test
