#include "server/wire.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

Frame through_the_wire(const Frame& frame) {
  FrameDecoder decoder;
  EXPECT_TRUE(decoder.feed(*encode_frame(frame)));
  return decoder.pop();
}

GenerationRequest read_request(const GenerationRequest& request) {
  Frame frame = request_to_wire(request);
  frame.head["type"] = "generate";
  Frame read = through_the_wire(frame);
  return request_from_wire(read);
}

Json read_json(const Json& json) { return Json::parse(report::text_of(json)); }

TEST(Wire, CarriesPicturesAsBytesAndAsFiles) {
  const std::string bytes("\x89PNG\0\xFF", 6);
  const GenerationRequest read = read_request(
      {.turns = {
           {.prompt = "one", .images = {{bytes}, {std::filesystem::path("/tmp/a.png")}}, .answer = "two"},
           {.prompt = "three", .images = {{std::string("more")}}},
           {.prompt = "four", .video = VideoSource{"/tmp/v.mp4"}}}});
  ASSERT_EQ(read.turns.size(), 3U);
  EXPECT_EQ(read.turns[0].prompt, "one");
  EXPECT_EQ(read.turns[0].answer, "two");
  EXPECT_EQ(std::get<std::string>(read.turns[0].images.at(0).content), bytes);
  EXPECT_EQ(std::get<std::filesystem::path>(read.turns[0].images.at(1).content), "/tmp/a.png");
  EXPECT_EQ(std::get<std::string>(read.turns[1].images.at(0).content), "more");
  EXPECT_FALSE(read.turns[1].video);
  EXPECT_EQ(read.turns[2].video->path, "/tmp/v.mp4");
}

TEST(Wire, NoSystemPromptIsNotAnEmptyOne) {
  EXPECT_EQ(read_request({}).system_prompt, std::nullopt);
  EXPECT_EQ(read_request({.turns = {}, .system_prompt = ""}).system_prompt, "");
}

TEST(Wire, CarriesSampling) {
  const GenerationRequest read = read_request(
      {.turns = {}, .max_tokens = 12, .temperature = 0.25F, .top_p = 0.5F, .seed = 4'000'000'000U});
  EXPECT_EQ(read.max_tokens, 12);
  EXPECT_EQ(read.temperature, 0.25F);
  EXPECT_EQ(read.top_p, 0.5F);
  EXPECT_EQ(read.seed, 4'000'000'000U);
  EXPECT_EQ(read_request({}).seed, std::nullopt);
}

TEST(Wire, APictureThatIsNotThereIsRefused) {
  Frame frame = request_to_wire({.turns = {{.prompt = "a", .images = {{std::string("bytes")}}}}});
  frame.blobs.clear();
  EXPECT_THROW(request_from_wire(frame), Json::exception);
  Frame nothing{Json::object()};
  EXPECT_THROW(request_from_wire(nothing), Json::exception);
}

TEST(Wire, CarriesAnAnswerWithAllOfItsFigures) {
  Answer sent{{.answer = "A dog.",
               .finish_reason = FinishReason::memory,
               .timing = {1, 2, 3, 4, 5, 6, 7.5},
               .image = {8, 9, 10},
               .video_frames = 11,
               .prompt_tokens = 12,
               .reused_tokens = 13,
               .concessions = {Concession::kv_q8_0, Concession::forgetting}},
              {{"active_bytes", 14}}};
  const Answer read = answer_from_wire(read_json(answer_to_wire(sent)));
  EXPECT_EQ(read.result.answer, "A dog.");
  EXPECT_EQ(read.result.finish_reason, FinishReason::memory);
  EXPECT_EQ(read.result.timing.load_ms, 1);
  EXPECT_EQ(read.result.timing.image_decode_ms, 2);
  EXPECT_EQ(read.result.timing.image_encode_ms, 3);
  EXPECT_EQ(read.result.timing.prefill_ms, 4);
  EXPECT_EQ(read.result.timing.time_to_first_token_ms, 5);
  EXPECT_EQ(read.result.timing.tokens, 6);
  EXPECT_EQ(read.result.timing.tokens_per_second, 7.5);
  EXPECT_EQ(read.result.image.tiles, 8);
  EXPECT_EQ(read.result.image.tokens, 9);
  EXPECT_EQ(read.result.image.reused, 10);
  EXPECT_EQ(read.result.video_frames, 11);
  EXPECT_EQ(read.result.prompt_tokens, 12);
  EXPECT_EQ(read.result.reused_tokens, 13);
  EXPECT_EQ(read.result.concessions, sent.result.concessions);
  EXPECT_EQ(read.memory, sent.memory);
}

TEST(Wire, CarriesADenial) {
  const Error sent = over_budget_error({.holder = "weights.text",
                                        .requested_bytes = 100,
                                        .available_bytes = 40,
                                        .limit_bytes = 140,
                                        .holders = {{"kv", 60}, {"media", 40}}});
  const Error read = error_from_wire(read_json(error_to_wire(sent)));
  EXPECT_EQ(read.code, ErrorCode::over_budget);
  EXPECT_EQ(read.message, sent.message);
  ASSERT_TRUE(read.denial);
  EXPECT_EQ(read.denial->holder, "weights.text");
  EXPECT_EQ(read.denial->requested_bytes, 100U);
  EXPECT_EQ(read.denial->available_bytes, 40U);
  EXPECT_EQ(read.denial->limit_bytes, 140U);
  ASSERT_EQ(read.denial->holders.size(), 2U);
  EXPECT_EQ(read.denial->holders[0].holder, "kv");
  EXPECT_EQ(read.denial->holders[1].bytes, 40U);
  EXPECT_FALSE(error_from_wire(read_json(error_to_wire({ErrorCode::io, "a file"}))).denial);
}

}  // namespace
}  // namespace plimsoll::server
