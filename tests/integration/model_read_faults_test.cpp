// Whichever read of a model's files fails, comes up short or finds the end: an error in one sentence or the
// right answer, and the next request is answered.
#include <iostream>

#include "tests/integration/faulty_reads.h"
#include "tests/integration/model_copy.h"

namespace plimsoll::test {
namespace {

struct Case {
  TextWeightsLie lie;
  bool vision;  // the file whose reads are disturbed
  ReadFault fault;
};

std::string name_of(const Case& c) {
  constexpr std::array kFaults = {"FailOnce", "KeepFailing", "AreShortOnce", "EndOnce"};
  return to_string(c.lie) + (c.vision ? "Vision" : "Text") + kFaults[static_cast<std::size_t>(c.fault)];
}
void PrintTo(const Case& c, std::ostream* out) { *out << name_of(c); }

class ReadFaults : public testing::TestWithParam<Case> {
 protected:
  std::filesystem::path watched() const { return GetParam().vision ? copy_.vision() : copy_.text(); }

  // Our own encoder maps its file and reads nothing but the header.
  static VisionKernels kernels() { return GetParam().vision ? VisionKernels::libmtmd : VisionKernels::best; }

  Expected<GenerationResult> generate(VlmEvaluator& evaluator) const {
    GenerationRequest request = GetParam().vision ? ask_about_dog_and_car() : ask("Hello");
    request.max_tokens = 4;  // each token of a streamed model reads all its layers
    return evaluator.generate(request);
  }

  // A load and a question with the Nth read disturbed. Returns whether there was an Nth.
  bool survives(int nth, const std::string& answer, int& errors) {
    auto pool = MemoryPool::create();
    auto evaluator = copy_.evaluator(pool, kernels());
    bool struck = false;
    {
      const FaultyReads reads(watched(), GetParam().fault, nth);
      auto result = generate(*evaluator);
      struck = reads.seen() >= nth;
      if (result) {
        EXPECT_EQ(result->answer, answer);
      }
      if (!result) expect_understandable(result.error());
      errors += result ? 0 : 1;
    }
    auto next = generate(*evaluator);
    EXPECT_EQ(next ? next->answer : next.error().message, answer);
    evaluator.reset();
    EXPECT_EQ(pool->active_memory(), 0U);
    return struck;
  }

  void expect_understandable(const Error& error) const {
    expect_one_sentence(error);
    EXPECT_NE(error.message.find(watched().filename().string()), std::string::npos) << error.message;
    const bool of_a_file = error.code == ErrorCode::io || error.code == ErrorCode::invalid_argument ||
                           error.code == ErrorCode::engine;
    EXPECT_TRUE(of_a_file) << to_string(error.code) << ": " << error.message;
  }

  ModelCopy copy_{GetParam().lie};
};

TEST_P(ReadFaults, AtTheNthReadAreClean) {
  std::string answer;
  {
    auto evaluator = copy_.evaluator(MemoryPool::create(), kernels());
    answer = generate(*evaluator)->answer;
  }
  int nth = 1, errors = 0;
  while (survives(nth, answer, errors) && !HasFailure()) ++nth;
  ASSERT_FALSE(HasFailure()) << "at N = " << nth;
  std::cout << name_of(GetParam()) << ": disturbed at N = 1.." << nth - 1 << ", " << errors
            << " errors, all clean\n";
  EXPECT_GT(nth, 10) << "reads were not seen";
  EXPECT_EQ(errors == 0, GetParam().fault == ReadFault::short_once) << "only a short read is none";
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto fault :
       {ReadFault::fails_once, ReadFault::keeps_failing, ReadFault::short_once, ReadFault::ends_once}) {
    for (const auto lie : {TextWeightsLie::mapped, TextWeightsLie::repacked, TextWeightsLie::streamed}) {
      cases.push_back({lie, false, fault});
    }
    cases.push_back({TextWeightsLie::mapped, true, fault});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Reads, ReadFaults, testing::ValuesIn(all_cases()),
                         [](const auto& c) { return name_of(c.param); });

}  // namespace
}  // namespace plimsoll::test
