#include "tests/unit/server/served.h"

namespace plimsoll::test {
namespace {

using ServedChat = Served;

TEST_F(ServedChat, AnswersAnObjectWithUsageAndFigures) {
  start();
  const Reply reply = post(R"({"model":"fake","temperature":0.5,"top_p":0.8,"seed":7,"max_tokens":1e18,
    "stop":["END"],"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},
    {"role":"assistant","content":"Yes?"},{"role":"user","content":[{"type":"text","text":"Go on"}]}]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json answer = Json::parse(reply.body);
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "Hello there");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(answer["usage"]["total_tokens"], 8);
  EXPECT_EQ(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
  EXPECT_EQ(answer["plimsoll"]["memory"]["active_bytes"], 7);

  const GenerationRequest asked = engine_.last_request();
  ASSERT_EQ(asked.turns.size(), 2);
  EXPECT_EQ(asked.turns[0].answer, "Yes?");
  EXPECT_EQ(asked.turns[1].prompt, "Go on");
  EXPECT_EQ(asked.system_prompt, "Be brief.");
  EXPECT_EQ(asked.seed, 7);
  EXPECT_EQ(asked.stop, std::vector<std::string>{"END"});
  EXPECT_FLOAT_EQ(*asked.temperature, 0.5F);
  EXPECT_EQ(*asked.max_tokens, std::numeric_limits<int>::max());
}

TEST_F(ServedChat, AnAnswerThatTheMemoryCutSaysSo) {
  start();
  engine_.finish_with(FinishReason::memory);
  const Json answer = Json::parse(post(kHello).body);
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(answer["plimsoll"]["finish_reason"], "memory");
}

TEST_F(ServedChat, StreamsChunksThenUsageThenDone) {
  start();
  const Reply reply = post(R"({"stream":true,"stream_options":{"include_usage":true},
                              "messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-type"), "text/event-stream");
  std::string text;
  std::vector<Json> objects;
  for (std::size_t at = 0; (at = reply.body.find("data: {", at)) != std::string::npos; ++at) {
    objects.push_back(Json::parse(reply.body.substr(at + 6, reply.body.find('\n', at) - at - 6)));
  }
  ASSERT_GE(objects.size(), 4);
  EXPECT_EQ(objects.front()["choices"][0]["delta"]["role"], "assistant");
  for (const Json& object : objects) {
    if (!object["choices"].empty()) text += object["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(text, "Hello there");
  EXPECT_EQ(objects[objects.size() - 2]["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(objects[objects.size() - 2].contains("plimsoll"));
  EXPECT_TRUE(objects.back()["choices"].empty());
  EXPECT_EQ(objects.back()["usage"]["completion_tokens"], 3);
  EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n"));
}

TEST_F(ServedChat, AStreamThatWaitsSaysWhereTheWorkStands) {
  start();
  engine_.load_first();
  engine_.hold();
  RawClient client(port());
  client.send(request_text("POST", kChat, kHelloStream));
  const std::string said = client.read_until("\n: {");
  EXPECT_NE(said.find("\"role\":\"assistant\""), std::string::npos);
  EXPECT_NE(client.read_until("}").find("\"phase\":\"loading\",\"progress\":0.5"), std::string::npos);
  engine_.let_go();
  EXPECT_NE(client.read_until("[DONE]").find("Hello"), std::string::npos);
}

TEST_F(ServedChat, AnErrorWithinTheStreamIsAnEventAndTheEnd) {
  start();
  engine_.say_before_holding({"Once"});
  engine_.hold();
  RawClient client(port());
  client.send(request_text("POST", kChat, kHelloStream));
  EXPECT_NE(client.read_until("Once").find("Once"), std::string::npos);
  engine_.fail_with(
      {.error = {ErrorCode::over_budget, "too much", BudgetDenial{.holder = "kv", .holders = {}}}});
  engine_.let_go();
  const std::string rest = client.read_until("0\r\n\r\n");
  EXPECT_NE(rest.find("\"code\":\"over_budget\",\"denial\":{\"holder\":\"kv\""), std::string::npos);
  EXPECT_EQ(rest.find("[DONE]"), std::string::npos);
}

TEST_F(ServedChat, AConnectionServesOneRequestAfterTheOther) {
  start();
  RawClient client(port());
  client.send(request_text("POST", kChat, kHello) + request_text("GET", "/health"));
  EXPECT_EQ(Json::parse(client.read_reply().body)["object"], "chat.completion");
  EXPECT_EQ(Json::parse(client.read_reply().body)["status"], "ok");
  client.send(request_text("POST", kChat, kHelloStream));
  EXPECT_EQ(client.read_reply().status, 200);
  client.send(request_text("GET", "/v1/models"));
  EXPECT_EQ(Json::parse(client.read_reply().body)["data"][0]["id"], "fake");
}

TEST_F(ServedChat, AClientThatGoesAwayCancelsItsAnswerStreamedOrNot) {
  for (const std::string& body : {kHello, kHelloStream}) {
    start();
    engine_.hold();
    RawClient client(port());
    client.send(request_text("POST", kChat, body));
    engine_.wait_until_running();
    client.leave();
    engine_.wait_until_cancelled();
  }
}

TEST_F(ServedChat, AClientThatLeavesTheQueueIsNeverAnswered) {
  start();
  engine_.hold();
  RawClient first(port());
  first.send(request_text("POST", kChat, kHello));
  engine_.wait_until_running();
  RawClient second(port());
  second.send(request_text("POST", kChat, kHello));
  wait_for_queue(1);
  second.leave();
  wait_for_queue(0);
  engine_.let_go();
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_EQ(engine_.request_count(), 1);
}

TEST_F(ServedChat, AClientThatOnlyStoppedSendingIsAnswered) {
  start();
  engine_.hold();
  RawClient client(port());
  client.send(request_text("POST", kChat, kHello));
  engine_.wait_until_running();
  client.end_sending();
  EXPECT_EQ(client.read_until("H"), "H");  // the server asked whether anybody is there
  engine_.let_go();
  EXPECT_TRUE(client.read_rest().starts_with("TTP/1.1 200"));
}

TEST_F(ServedChat, AHalfClosedStreamGoesOn) {
  start();
  engine_.hold();
  RawClient client(port());
  client.send(request_text("POST", kChat, kHelloStream));
  client.end_sending();
  engine_.wait_until_running();
  engine_.let_go();
  EXPECT_NE(client.read_rest().find("[DONE]"), std::string::npos);
}

TEST_F(ServedChat, BeyondTheQueueIs429WithATimeToComeAgain) {
  start({.max_queue = 1});
  engine_.hold();
  RawClient first(port());
  first.send(request_text("POST", kChat, kHello));
  engine_.wait_until_running();
  RawClient second(port());
  second.send(request_text("POST", kChat, kHello));
  wait_for_queue(1);
  const Reply refused = post(kHello);
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(std::stoi(refused.headers.at("retry-after")), 1);
  EXPECT_EQ(Json::parse(refused.body)["error"]["code"], "queue_full");
  EXPECT_EQ(Json::parse(refused.body)["error"]["type"], "rate_limit_error");
  engine_.let_go();
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_EQ(second.read_reply().status, 200);
}

TEST_F(ServedChat, StoppingTellsWhoIsAnsweredAndWhoWaits) {
  start();
  engine_.say_before_holding({"Once"});
  engine_.hold();
  RawClient streamed(port());
  streamed.send(request_text("POST", kChat, kHelloStream));
  EXPECT_NE(streamed.read_until("Once").find("Once"), std::string::npos);
  RawClient waiting(port());
  waiting.send(request_text("POST", kChat, kHello));
  wait_for_queue(1);
  server_->stop(std::chrono::milliseconds(0));
  EXPECT_NE(streamed.read_rest().find("data: {\"error\":{\"message\":\"the server is stopping"),
            std::string::npos);
  const Reply refused = waiting.read_reply();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(Json::parse(refused.body)["error"]["code"], "stopping");
}

}  // namespace
}  // namespace plimsoll::test
