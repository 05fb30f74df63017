// Model files that are cut short, and model files that somebody writes to while they are in use.
#include <iostream>

#include "tests/integration/model_copy.h"

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;

// ---- cut short before the load ----------------------------------------------------------------------------

void expect_refused_file(const Error& error, std::uintmax_t size) {
  expect_one_sentence(error);
  EXPECT_TRUE(error.code == ErrorCode::invalid_argument || error.code == ErrorCode::io)
      << to_string(error.code) << " at " << size << " bytes: " << error.message;
}

// From the end to nothing: through the data, the tensors' descriptions, the vocabulary, the keys. Returns how
// many lengths were tried.
int cut_shorter_and_shorter(const ModelCopy& copy, const fs::path& file) {
  constexpr std::uintmax_t kEveryByteBelow = 64, kPadding = 64;
  int lengths = 0;
  for (std::uintmax_t size = fs::file_size(file) - kPadding;; ++lengths) {
    fs::resize_file(file, size);
    auto found = find_model(copy.text().string(), copy.vision());
    EXPECT_FALSE(found) << "cut to " << size;
    if (!found) expect_refused_file(found.error(), size);

    auto pool = MemoryPool::create();
    auto loaded = copy.evaluator(pool)->load();
    EXPECT_FALSE(loaded) << "cut to " << size;
    if (!loaded) expect_refused_file(loaded.error(), size);
    EXPECT_EQ(pool->active_memory(), 0U);
    if (size == 0 || testing::Test::HasFailure()) return lengths + 1;
    size -= size <= kEveryByteBelow ? 1 : size / 16;
  }
}

TEST(CutShort, TextModelAtAnyLength) {
  const ModelCopy copy;
  std::cout << "text model refused at " << cut_shorter_and_shorter(copy, copy.text()) << " lengths\n";
}

TEST(CutShort, VisionEncoderAtAnyLength) {
  const ModelCopy copy;
  std::cout << "vision encoder refused at " << cut_shorter_and_shorter(copy, copy.vision()) << " lengths\n";
}

// ---- changed while it is in use ---------------------------------------------------------------------------

void cut_to_nothing(const ModelCopy& copy) { fs::resize_file(copy.text(), 0); }
void cut_in_half(const ModelCopy& copy) { fs::resize_file(copy.text(), fs::file_size(copy.text()) / 2); }
void write_over(const ModelCopy& copy) {
  std::fstream file(copy.text(), std::ios::binary | std::ios::in | std::ios::out);
  file << std::string(fs::file_size(copy.text()), '\x5a');
}

struct Change {
  const char* name;
  void (*make)(const ModelCopy&);
};
const std::array kChanges = {Change{"CutToNothing", cut_to_nothing}, Change{"CutInHalf", cut_in_half},
                             Change{"WrittenOver", write_over}};

// Sampled so wildly that any token is as likely as any other, and with this seed none of them ends the
// answer.
GenerationRequest endless() {
  GenerationRequest request = ask("Tell me everything.");
  request.temperature = 100.0F;
  request.top_p = 1.0F;
  request.seed = 7;
  request.max_tokens = 400;
  return request;
}

class InUse : public testing::TestWithParam<TextWeightsLie> {
 protected:
  // Asks `endless()` and does `change` when the first words come.
  Expected<GenerationResult> generate_while(VlmEvaluator& evaluator, const std::function<void()>& change) {
    bool changed = false;
    return evaluator.generate(endless(), [&](std::string_view) {
      if (!std::exchange(changed, true)) change();
    });
  }

  ModelCopy copy_{GetParam()};
  std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
};

TEST_P(InUse, AnAnswerFromAChangedFileEndsInAnErrorAndTheNextLoadsAgain) {
  auto evaluator = copy_.evaluator(pool_);
  const std::string hello = evaluator->generate(ask("Hello"))->answer;
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.name);
    auto result = generate_while(*evaluator, [&] { change.make(copy_); });
    ASSERT_FALSE(result) << result->timing.tokens << " tokens";
    EXPECT_EQ(result.error().code, ErrorCode::io) << result.error().message;
    EXPECT_NE(result.error().message.find("text.gguf"), std::string::npos) << result.error().message;
    expect_one_sentence(result.error());

    auto unreadable = evaluator->generate(ask("Hello"));
    ASSERT_FALSE(unreadable && unreadable->answer != hello) << unreadable->answer;
    copy_.restore();
    auto next = evaluator->generate(ask("Hello"));
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_EQ(next->answer, hello);
  }
  evaluator.reset();
  EXPECT_EQ(pool_->active_memory(), 0U);
}

TEST_P(InUse, ANewFileInTheOldOnesPlaceChangesNothing) {
  auto evaluator = copy_.evaluator(pool_);
  // Both begin behind the same other question, so that both go through the model in the same batches.
  ASSERT_TRUE(evaluator->generate(ask("Hello")));
  auto undisturbed = evaluator->generate(endless());
  ASSERT_TRUE(undisturbed) << undisturbed.error().message;
  ASSERT_EQ(undisturbed->finish_reason, FinishReason::length) << undisturbed->timing.tokens << " tokens";
  ASSERT_TRUE(evaluator->generate(ask("Hello")));
  auto result = generate_while(*evaluator, [&] {
    fs::copy_file(bundled_model().vision, copy_.text().string() + ".new");
    fs::rename(copy_.text().string() + ".new", copy_.text());
  });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, undisturbed->answer);
}

INSTANTIATE_TEST_SUITE_P(Weights, InUse,
                         testing::Values(TextWeightsLie::mapped, TextWeightsLie::repacked,
                                         TextWeightsLie::streamed),
                         [](const auto& lie) { return to_string(lie.param); });

TEST(OnDemandEncoder, MayBeDamagedAndRestoredBetweenPictures) {
  const ModelCopy copy(TextWeightsLie::streamed);
  auto pool = MemoryPool::create();
  auto evaluator = copy.evaluator(pool);
  const auto ask_picture = [&] { return evaluator->generate(ask_about_dog_and_car()); };
  const std::string answer = ask_picture()->answer;
  const auto damage = {
      +[](const ModelCopy& c) { fs::resize_file(c.vision(), fs::file_size(c.vision()) / 2); },
      +[](const ModelCopy& c) { fs::resize_file(c.vision(), 0); },
      +[](const ModelCopy& c) { fs::remove(c.vision()); },
      +[](const ModelCopy& c) {
        fs::copy_file(c.original_text(), c.vision(), fs::copy_options::overwrite_existing);
      }};
  for (auto* make : damage) {
    make(copy);
    auto refused = ask_picture();
    ASSERT_FALSE(refused);
    expect_one_sentence(refused.error());
    copy.restore();
    auto next = ask_picture();
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_EQ(next->answer, answer);
  }
}

}  // namespace
}  // namespace plimsoll::test
