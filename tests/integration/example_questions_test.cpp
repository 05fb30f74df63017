// The bundled model's example pictures through the whole library.
#include "tests/integration/asked_questions.h"

namespace plimsoll::test {
namespace {

TEST(Questions, EveryExampleIsAnsweredExactly) {
  Bench bench(DeviceMemoryTier::high);
  const Score score = ask_all(bench, kExamples, "examples.jsonl");
  EXPECT_EQ(score.asked, 43);
  EXPECT_EQ(score.right, 43);
}

}  // namespace
}  // namespace plimsoll::test
