// The bundled model through the whole library: the same answers as llama-mtmd-cli gives.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

struct Score {
  int right = 0;
  int asked = 0;
};

const std::filesystem::path kHeldOut = std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "tests/integration/eval";

Score ask_all(Bench& bench, const std::filesystem::path& folder, const std::string& file) {
  std::ifstream rows(folder / file);
  Score score;
  for (std::string line; std::getline(rows, line); ++score.asked) {
    const auto row = nlohmann::json::parse(line);
    const std::string question = row["question"], expected = row["answer"], image = row["image"];
    auto result = bench->generate(ask(question, {{folder / image}}));
    EXPECT_TRUE(result) << image << ": " << result.error().message;
    if (!result) continue;
    if (result->answer == expected)
      ++score.right;
    else
      std::cout << image << ": " << question << "\n  expected: " << expected
                << "\n  answered: " << result->answer << "\n";
  }
  std::cout << score.right << " of " << score.asked << " right\n";
  return score;
}

Score ask_held_out(VisionKernels kernels = VisionKernels::best) {
  Bench bench(DeviceMemoryTier::high, kernels);
  return ask_all(bench, kHeldOut, "questions.jsonl");
}

TEST(Questions, EveryExampleIsAnsweredExactly) {
  Bench bench(DeviceMemoryTier::high);
  const Score score = ask_all(bench, kExamples, "examples.jsonl");
  EXPECT_EQ(score.asked, 43);
  EXPECT_EQ(score.right, 43);
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
