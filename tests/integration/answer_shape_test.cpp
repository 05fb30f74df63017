// Answers that end where they are told to, and answers that follow a grammar.
#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

Expected<GenerationResult> answer_within(Bench& bench, const std::string& grammar, int max_tokens = 40) {
  GenerationRequest request = ask_about_dog_and_car();
  request.grammar = grammar;
  request.max_tokens = max_tokens;
  return bench->generate(request);
}

TEST(AnswerShape, EndsBeforeAStopText) {
  Bench bench;
  GenerationRequest request = ask_about_dog_and_car();
  request.stop = {"nowhere in it", " and"};
  std::string streamed;
  auto result = bench->generate(request, [&](std::string_view text) { streamed += text; });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, "A dog");
  EXPECT_EQ(streamed, result->answer);
  EXPECT_EQ(result->finish_reason, FinishReason::stop);
}

TEST(AnswerShape, NextQuestionAfterAStopTextIsAnsweredWhole) {
  Bench bench;
  GenerationRequest request = ask_about_dog_and_car();
  request.stop = {"dog"};
  ASSERT_TRUE(bench->generate(request));
  auto whole = bench->generate(ask_about_dog_and_car());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->answer, kDogAndCar);
}

TEST(AnswerShape, FollowsAGrammarThatTheModelWouldNot) {
  Bench bench;
  auto result = answer_within(bench, R"(root ::= "[" ("cat" | "dog") "]")");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->answer == "[cat]" || result->answer == "[dog]") << result->answer;
  EXPECT_EQ(result->finish_reason, FinishReason::stop);
}

TEST(AnswerShape, GrammarThatAllowsItLeavesTheAnswerAsItIs) {
  Bench bench;
  auto result = answer_within(bench, R"(root ::= " "? [A-Za-z .]+)");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, kDogAndCar);
}

TEST(AnswerShape, GrammarThatIsNoneIsRefusedBeforeThePictureIsRead) {
  Bench bench;
  ASSERT_TRUE(bench->load());  // beside which it would be decoded
  for (const char* text : {"root ::= (", "other ::= \"a\"", "{}"}) {
    auto result = answer_within(bench, text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(bench.pool->ledger().holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::media)], 0U);
  }
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

}  // namespace
}  // namespace plimsoll::test
