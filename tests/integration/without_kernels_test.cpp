// A program without kernels of ours, as builds for other processors are: ggml's answer every question.
#include "kernels/kernels.h"
#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

TEST(WithoutKernels, ThereAreNone) {
  EXPECT_EQ(kernels::best_kernels(), nullptr);
  for (const kernels::InstructionSet set : kernels::kInstructionSets)
    EXPECT_EQ(kernels::kernels_of(set), nullptr);
}

TEST(WithoutKernels, WhoAsksForThemIsServedByGgmls) {
  for (const VisionKernels asked : {VisionKernels::best, VisionKernels::int8, VisionKernels::bf16}) {
    Bench bench(DeviceMemoryTier::high, asked);
    EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar) << to_string(asked);
  }
}

}  // namespace
}  // namespace plimsoll::test
