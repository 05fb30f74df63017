// The bundled model through the whole library: the same answers as llama-mtmd-cli gives.
#include "tests/integration/asked_questions.h"

namespace plimsoll::test {
namespace {

const std::filesystem::path kHeldOut = std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "tests/integration/eval";

Score ask_held_out(VisionKernels kernels = VisionKernels::best) {
  Bench bench(DeviceMemoryTier::high, kernels);
  return ask_all(bench, kHeldOut, "questions.jsonl");
}

TEST(Questions, HeldOutPicturesAreAnsweredAsWellAsByLlamaCpp) {
  const Score score = ask_held_out();
  EXPECT_EQ(score.asked, 150);
  EXPECT_GE(score.right, 146);  // 97 %
}

TEST(Questions, HeldOutPicturesOfOneTile) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::high);
  configuration.image_size = 192;
  Bench bench(configuration);
  const Score score = ask_all(bench, kHeldOut, "questions.jsonl");
  EXPECT_EQ(score.asked, 150);
  EXPECT_GE(score.right, 135);  // 90 %
}

// Half a point of 150 questions. Kernels that this processor lacks are ggml's, too.
TEST(Questions, EveryKernelAnswersAsWellAsGgmls) {
  const Score plain = ask_held_out(VisionKernels::plain);
  for (const VisionKernels kernels : {VisionKernels::int8, VisionKernels::bf16, VisionKernels::libmtmd}) {
    std::cout << "--- " << to_string(kernels) << "\n";
    const Score score = ask_held_out(kernels);
    EXPECT_EQ(score.asked, plain.asked);
    EXPECT_GE(score.right, plain.right - 1) << to_string(kernels);
    std::cout << "eval: " << to_string(kernels) << " " << score.right << ", plain " << plain.right << " of "
              << plain.asked << "\n";
  }
}

}  // namespace
}  // namespace plimsoll::test
