// Several answers that are written together: each is what it would be alone, whatever happens to the others.
#include <atomic>
#include <future>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

MemoryConfiguration together(int answers, DeviceMemoryTier tier = DeviceMemoryTier::high) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, tier);
  configuration.answers_at_once = answers;
  return configuration;
}

GenerationRequest describe_garden() {
  return ask("Describe this image in every detail.", {picture("garden.png")});
}

GenerationRequest long_one() {
  auto request = describe_garden();
  request.grammar = "root ::= [a-z ]{1500,}";  // so that it does not end by itself
  request.max_tokens = 400;
  return request;
}

std::vector<GenerationRequest> different_questions() {
  std::vector<GenerationRequest> questions;
  for (const char* name : {"dog-car.png", "garden.png", "cat.png", "guitar.png"}) {
    questions.push_back(ask("What is in this image?", {picture(name)}));
    questions.push_back(ask("What color is the background?", {picture(name)}));
    questions.push_back(ask("Describe this image.", {picture(name)}));
  }
  questions.push_back(ask("Hello"));
  questions.push_back(ask("What is in these images?", {picture("cat.png"), picture("dog-car.png")}));
  return questions;
}

std::string text_of(const Expected<GenerationResult>& result) {
  return result ? result->answer : "error: " + result.error().message;
}

// One that runs while a test does something else.
class Running {
 public:
  Running(VlmEvaluator& evaluator, GenerationRequest request)
      : request_(std::move(request)), cancel_(std::make_shared<CancelFlag>()) {
    result_ = std::async(std::launch::async, [this, &evaluator] {
      return evaluator.generate(
          request_, [this](std::string_view text) { pieces_ += static_cast<int>(!text.empty()); }, {},
          cancel_);
    });
  }
  bool has_begun() const { return pieces_ > 0; }
  int pieces() const { return pieces_; }
  void cancel() { cancel_->cancel(); }
  bool is_over() { return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  Expected<GenerationResult> result() { return result_.get(); }

 private:
  GenerationRequest request_;
  CancelFlagPtr cancel_;
  std::atomic<int> pieces_ = 0;
  std::future<Expected<GenerationResult>> result_;
};

// Keeps as many running as may, until all were asked.
std::vector<std::string> answers_of(VlmEvaluator& evaluator, const std::vector<GenerationRequest>& questions,
                                    int at_once) {
  std::vector<std::string> answers(questions.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < at_once; ++i) {
    clients.emplace_back([&] {
      for (std::size_t mine = next++; mine < questions.size(); mine = next++)
        answers[mine] = text_of(evaluator.generate(questions[mine]));
    });
  }
  for (std::thread& client : clients) client.join();
  return answers;
}

TEST(Together, AnswersAreWhatTheyAreOneByOne) {
  const auto questions = different_questions();
  Bench alone(together(1));
  const auto expected = answers_of(*alone.evaluator, questions, 1);
  for (const int at_once : {2, 4}) {
    Bench several(together(at_once));
    EXPECT_EQ(answers_of(*several.evaluator, questions, at_once), expected);
    EXPECT_EQ(several->plan()->settings.answers_at_once, at_once);
  }
}

TEST(Together, ThePlanCountsAllOfThem) {
  Bench bench(together(4));
  answers_of(*bench.evaluator, different_questions(), 4);
  const MemoryPlan plan = *bench->plan();
  const MemoryLedger ledger = bench.pool->ledger();
  EXPECT_EQ(ledger.holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::kv)], plan.of(MemoryHolder::kv));
  // Compute memory grows a little where the prompt of one is drawn up anew; a plan is within 5%.
  const auto taken_by = [&](MemoryHolder holder) {
    return ledger.holder_peak_bytes[static_cast<std::size_t>(holder)];
  };
  EXPECT_LE(taken_by(MemoryHolder::kv) + taken_by(MemoryHolder::compute_text),
            (plan.of(MemoryHolder::kv) + plan.of(MemoryHolder::compute_text)) * 105 / 100);
}

TEST(Together, OneMoreThanMayRunIsBusy) {
  Bench bench(together(2));
  Running first(*bench.evaluator, long_one()), second(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return first.has_begun() && second.has_begun(); }));
  const auto third = bench->generate(ask("Hello"));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::busy);
  bench->cancel_generation();
  EXPECT_EQ(first.result()->finish_reason, FinishReason::cancelled);
  EXPECT_EQ(second.result()->finish_reason, FinishReason::cancelled);
}

TEST(Together, ACancelledOneChangesNothingForTheOthers) {
  Bench alone(together(1));
  const auto expected = alone->generate(describe_garden());
  ASSERT_TRUE(expected);
  Bench bench(together(3));
  Running before(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return before.has_begun(); }));
  Running kept(*bench.evaluator, describe_garden());
  ASSERT_TRUE(eventually([&] { return kept.has_begun(); }));
  Running after(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return after.has_begun(); }));
  before.cancel();
  EXPECT_EQ(before.result()->finish_reason, FinishReason::cancelled);
  after.cancel();
  EXPECT_EQ(after.result()->finish_reason, FinishReason::cancelled);
  const auto result = kept.result();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->answer, expected->answer);
  EXPECT_EQ(result->finish_reason, expected->finish_reason);
}

TEST(Together, WordsKeepComingWhileAnotherPictureIsLookedAt) {
  Bench bench(together(2));
  Running writing(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return writing.has_begun(); }));
  int before = 0, after = 0;
  const auto result = bench->generate(
      ask("What is in these images?",
          {picture("cat.png"), picture("dog-car.png"), picture("guitar.png"), picture("bicycles.png")}),
      {}, [&](Stage, float share, std::string_view) { (share == 0 ? before : after) = writing.pieces(); });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_GT(after, before);
  writing.cancel();
  EXPECT_GT(writing.result()->timing.tokens, 1);
}

TEST(Together, UnloadInTheMiddleLetsThemFinishAndOthersLoadAgain) {
  Bench bench(together(2));
  Running first(*bench.evaluator, long_one()), second(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return first.has_begun() && second.has_begun(); }));
  bench->unload_model();
  first.cancel();
  EXPECT_EQ(first.result()->finish_reason, FinishReason::cancelled);
  Running third(*bench.evaluator, ask_about_dog_and_car());  // waits behind the unload
  second.cancel();
  EXPECT_EQ(second.result()->finish_reason, FinishReason::cancelled);
  const auto result = third.result();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, kDogAndCar);
  EXPECT_GT(result->timing.load_ms, 0);
}

TEST(Together, TheSameBeginningIsReadOnce) {
  MemoryConfiguration configuration = together(2);
  configuration.cache_limit_bytes = 0;  // what is shared is shared between the two alone
  Bench bench(configuration);
  Running writing(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return writing.has_begun(); }));
  const auto result = bench->generate(ask("What is in this image?", {picture("garden.png")}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->image.tiles, 0);
  EXPECT_EQ(result->image.reused, 1);
  writing.cancel();
  writing.result();
  Bench alone(configuration);
  EXPECT_EQ(result->answer, text_of(alone->generate(ask("What is in this image?", {picture("garden.png")}))));
}

TEST(Together, OneThatNeedsMoreThanItsShareIsAnsweredAlone) {
  auto longer = ask("Describe this image.", {picture("cat.png")});
  longer.max_tokens = 1800;
  Bench alone(together(1));
  const std::string expected = text_of(alone->generate(longer));
  Bench bench(together(2));
  auto other = long_one();
  other.max_tokens = 40;
  Running writing(*bench.evaluator, other);
  ASSERT_TRUE(eventually([&] { return writing.has_begun(); }));
  EXPECT_EQ(text_of(bench->generate(longer)), expected);
  EXPECT_TRUE(writing.is_over());
  EXPECT_EQ(text_of(writing.result()), text_of(alone->generate(other)));
  // And then there is room for several again.
  EXPECT_EQ(answers_of(*bench.evaluator, {ask_about_dog_and_car(), ask_about_dog_and_car()}, 2),
            std::vector<std::string>(2, std::string(kDogAndCar)));
}

TEST(Together, NoneBeginsBesideOthersUnderPressure) {
  std::atomic<bool> pressed = false;
  Bench bench(together(2), [&] { return pressed ? MemoryPressure::critical : MemoryPressure::normal; });
  Running first(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return first.has_begun(); }));
  pressed = true;
  Running second(*bench.evaluator, ask_about_dog_and_car());
  const int before = first.pieces();
  ASSERT_TRUE(eventually([&] { return first.is_over() || first.pieces() > before + 3; }));
  EXPECT_TRUE(first.is_over() || !second.has_begun());
  pressed = false;
  EXPECT_EQ(text_of(second.result()), kDogAndCar);
  first.cancel();
}

TEST(Together, OneThatIsCancelledBeforeItBeganIsToldWhileOthersWrite) {
  Bench bench(together(2), [] { return MemoryPressure::critical; });
  Running first(*bench.evaluator, long_one());
  ASSERT_TRUE(eventually([&] { return first.has_begun(); }));
  Running second(*bench.evaluator, ask_about_dog_and_car());
  second.cancel();
  const auto result = second.result();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish_reason, FinishReason::cancelled);
  EXPECT_EQ(result->timing.tokens, 0);
  first.cancel();
}

}  // namespace
}  // namespace plimsoll::test
