// A picture is decoded while the model that will look at it is loaded.
#include "engine/picture_ahead.h"

#include <algorithm>
#include <cstring>

#include "engine/model_files.h"
#include "evaluator/engine_desk.h"
#include "media/content_hash.h"
#include "tests/integration/bundled_model.h"
#include "tests/integration/png_of_size.h"
#include "tests/integration/progressive_jpeg.h"

namespace plimsoll::test {
namespace {

using engine::PictureAhead;

constexpr int kImageSize = 384;

struct Ahead : testing::Test {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  CancelFlagPtr cancel = std::make_shared<CancelFlag>();

  std::unique_ptr<PictureAhead> begin(const GenerationRequest& request,
                                      std::shared_ptr<engine::QuestionCache> cache = {}) {
    return PictureAhead::begin(request, kImageSize, bundled_model(), pool, std::move(cache), cancel);
  }
  std::size_t held() const { return pool->ledger().of(MemoryHolder::media); }
};

// Half a second of work that stops where it is told to.
ImageSource large_picture() { return {png_of_size(12000, 12000)}; }

TEST_F(Ahead, GivesWhatDecodingInItsTurnGives) {
  const GenerationRequest request = ask_about_dog_and_car();
  const ImageSource& source = request.turns[0].images[0];
  auto expected = decode_image(source, kImageSize, *pool);
  ASSERT_TRUE(expected);
  auto ahead = begin(request);
  ASSERT_TRUE(ahead);
  const auto image = ahead->take(source, kImageSize);
  ASSERT_TRUE(image);
  ASSERT_EQ(image->width, expected->width);
  ASSERT_EQ(image->height, expected->height);
  const auto bytes = static_cast<std::size_t>(image->width * image->height * 3);
  EXPECT_EQ(std::memcmp(image->pixels.data(), expected->pixels.data(), bytes), 0);
  EXPECT_FALSE(ahead->take(source, kImageSize)) << "it was given away";
}

TEST_F(Ahead, IsOfTheFirstPictureAndOfOneSize) {
  const GenerationRequest request = ask("Which?", {picture("dog-car.png"), picture("cat.png")});
  const std::vector<ImageSource>& images = request.turns[0].images;
  EXPECT_FALSE(begin(request)->take(images[1], kImageSize));
  EXPECT_FALSE(begin(request)->take(images[0], kImageSize / 2));
  EXPECT_TRUE(begin(request)->take(images[0], kImageSize));
  EXPECT_EQ(held(), 0U);
}

TEST_F(Ahead, IsNothingWithoutAPicture) { EXPECT_FALSE(begin(ask("Who are you?"))); }

TEST_F(Ahead, LeavesItToTheTurnOfAPictureToSayWhyItCanNotBeRead) {
  const GenerationRequest request = ask("What is this?", {{std::string("no picture")}});
  auto ahead = begin(request);
  ASSERT_TRUE(ahead);
  EXPECT_FALSE(ahead->take(request.turns[0].images[0], kImageSize));
}

TEST_F(Ahead, DecodesNothingThatWasSeenBefore) {
  const GenerationRequest request = ask_about_dog_and_car();
  const ImageSource& source = request.turns[0].images[0];
  auto cache = std::make_shared<engine::QuestionCache>(pool);
  cache->keep({*media::content_hash(source), engine::identity(bundled_model()), kImageSize},
              std::make_shared<engine::EncodedPicture>());
  EXPECT_FALSE(begin(request, cache)->take(source, kImageSize));
}

TEST_F(Ahead, EndsSoonAfterACancel) {
  const GenerationRequest request = ask("What is this?", {large_picture()});
  auto ahead = begin(request);
  ASSERT_TRUE(ahead);
  ASSERT_TRUE(eventually([&] { return held() > 0; }));
  const auto start = std::chrono::steady_clock::now();
  cancel->cancel();
  ahead.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(kSanitized ? 500 : 100));
  EXPECT_EQ(held(), 0U);
}

// Asks about a large picture; whether it was being decoded when the model was opened and not planned yet.
bool decodes_beside_the_load(std::optional<std::uint64_t> memory_limit) {
  auto pool = MemoryPool::create();
  bool decoded = false;
  EvaluatorOptions options{.model = bundled_model(),
                           .configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard),
                           .device_memory_bytes = 4 * kGiB};
  options.configuration.memory_limit_bytes = memory_limit;
  options.budget = [&] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    while (!decoded && std::chrono::steady_clock::now() < deadline) {
      decoded = pool->ledger().of(MemoryHolder::media) > 0;
    }
    return measure_budget(*pool, 4 * kGiB);
  };
  VlmEvaluator evaluator(options, pool);
  const auto result = evaluator.generate(ask("What is this?", {large_picture()}));
  EXPECT_TRUE(result) << result.error().message;
  EXPECT_EQ(pool->ledger().of(MemoryHolder::media), 0U);
  return decoded;
}

TEST(PictureBesideTheLoad, IsDecoded) { EXPECT_TRUE(decodes_beside_the_load({})); }

TEST(PictureBesideTheLoad, WaitsForItsTurnWhereMemoryIsNotPlentiful) {
  EXPECT_FALSE(decodes_beside_the_load(100 * kMiB));
}

// What a picture takes is pending as long as it is being decoded.
TEST(PictureBesideTheLoad, ComesFirstWhereTheModelDoesNotFitBesideIt) {
  auto pool = MemoryPool::create();
  int refused = 0;
  EvaluatorOptions options{.model = bundled_model(),
                           .configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard),
                           .device_memory_bytes = 4 * kGiB};
  options.budget = [&] {
    EXPECT_TRUE(refused > 0 || eventually([&] { return pool->ledger().of(MemoryHolder::media) > 0; }));
    return measure_budget(*pool, 4 * kGiB);
  };
  options.room = [&](const PendingMemory& pending) {
    const bool decoding = pending.promised_bytes > 0 && pool->ledger().of(MemoryHolder::weights_text) > 0;
    if (decoding) ++refused;
    return MeasuredRoom{decoding ? 0 : kGiB, kGiB, "a test"};
  };
  VlmEvaluator evaluator(options, pool);
  const auto result = evaluator.generate(ask("What is this?", {large_picture()}));
  EXPECT_TRUE(result) << result.error().message;
  EXPECT_GT(refused, 0);
}

// A charge that does not fit asks the engine's thread to give something back, and waits for it.
TEST(PictureBesideTheLoad, IsRefusedWithoutWaitingForTheThreadThatWaitsForIt) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  configuration.memory_limit_bytes = 200 * kMiB;
  Bench bench(configuration);
  const auto start = std::chrono::steady_clock::now();
  const auto result = bench->generate(ask("What is this?", {{progressive_jpeg(9000, 9000)}}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::over_budget) << result.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - start, EngineDesk::kPatience);
}

TEST(PictureBesideTheLoad, IsLetGoWhenTheLoadIsCancelled) {
  Bench bench;
  const GenerationRequest request = ask("What is this?", {large_picture()});
  auto cancel = std::make_shared<CancelFlag>();
  const auto result =
      bench->generate(request, {}, [&](Stage, float, std::string_view) { cancel->cancel(); }, cancel);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish_reason, FinishReason::cancelled);
  EXPECT_EQ(bench.pool->ledger().of(MemoryHolder::media), 0U);
  const auto next = bench->generate(ask_about_dog_and_car());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->answer, kDogAndCar);
}

}  // namespace
}  // namespace plimsoll::test
