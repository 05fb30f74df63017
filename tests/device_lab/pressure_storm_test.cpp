// Answers while a neighbour takes memory away and gives it back, in a cgroup that is full all the time.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>

#include "memory/heap.h"
#include "tests/device_lab/forked.h"
#include "tests/device_lab/memory_cgroup.h"
#include "tests/device_lab/neighbour.h"
#include "tests/device_lab/page_cache.h"
#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

constexpr std::size_t kLimitBytes = 256 * kMiB;
// Page tables, kernel stacks and counting in batches: the kernel kills when nothing else is left. The plan
// sees to 13 MiB of it (measure_budget) and refuses when they are not there; the rest is for a heap that
// grows.
constexpr std::size_t kMarginBytes = 24 * kMiB;

constexpr int kWarmUpRounds = 60;  // a heap takes dozens of loads to settle
constexpr int kCalmRounds = 20;    // before the storm and after it

int storm_rounds() {
  const char* given = std::getenv("PLIMSOLL_STORM_ROUNDS");
  return given != nullptr ? std::atoi(given) : 60;
}

// What a process that answers can tell its parent.
struct Account {
  int generations = 0;
  int wrong_answers = 0;
  std::array<char, 400> first_wrong{};  // the answer or the error
  int inconsistent_ledgers = 0;
  // With the model loaded, and without what the heap keeps for the next one. The smallest of the rounds.
  std::size_t footprint_bytes = std::numeric_limits<std::size_t>::max();
};

bool consistent(const MemoryLedger& ledger) {
  return std::accumulate(ledger.holder_bytes.begin(), ledger.holder_bytes.end(), std::size_t{0}) ==
         ledger.active_bytes + ledger.cache_bytes;
}

// Every answer looks and reads anew: a question that is known already is over before a storm comes up.
MemoryConfiguration without_cache(MemoryConfiguration configuration) {
  configuration.cache_limit_bytes = 0;
  return configuration;
}

// A program that lives as long as the storm.
class Program {
 public:
  explicit Program(DeviceMemoryTier tier)
      : evaluator_({.model = bundled_model(),
                    .configuration = without_cache(configuration_for(Strategy::tiered, tier)),
                    .device_memory_bytes = kLimitBytes,
                    .threads = 1},  // two would wait for each other while the neighbour has a core
                   pool_) {}

  Account answer(int times) {
    Account account{.generations = times};
    for (int i = 0; i < times; ++i) {
      const auto loaded = evaluator_.load();  // classes that do not keep their model load it each round
      const auto result = evaluator_.generate(ask_about_dog_and_car());
      const std::string said = result ? result->answer : result.error().message;
      if (said != kDogAndCar && account.wrong_answers++ == 0)
        said.copy(account.first_wrong.data(), account.first_wrong.size() - 1);
      if (!consistent(pool_->ledger())) ++account.inconsistent_ledgers;
      memory::trim_heap();
      account.footprint_bytes =
          std::min<std::size_t>(account.footprint_bytes, read_process_footprint()->resident_bytes);
    }
    return account;
  }

 private:
  std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
  VlmEvaluator evaluator_;
};

// What the kernel charges for a few answers when nobody is in the way; 0 when it does not say. Pages of the
// model that are in memory already are charged to whoever read them, but the plan counts them.
std::size_t measured_peak(DeviceMemoryTier tier) {
  const ModelFiles model = bundled_model();
  EXPECT_TRUE(drop_from_page_cache(model.text) && drop_from_page_cache(model.vision));
  const auto group = MemoryCgroup::make(kLimitBytes);
  Forked alone([&](Line&) {
    if (!group->enter()) std::_Exit(1);
    Program(tier).answer(kCalmRounds);
  });
  EXPECT_EQ(alone.wait(), 0);
  return group->peak_bytes();
}

class PressureStorm : public testing::TestWithParam<DeviceMemoryTier> {};

TEST_P(PressureStorm, NoKillNoWrongAnswerNothingLeftBehind) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's memory is not the program's";
  const auto group = MemoryCgroup::make(kLimitBytes);
  if (!group) GTEST_SKIP() << "no right to make a memory cgroup here (root on Linux has it)";
  const std::size_t peak = measured_peak(GetParam());
  if (peak == 0) GTEST_SKIP() << "this kernel does not say what a cgroup's peak was";
  ASSERT_LT(peak + 2 * kMarginBytes, kLimitBytes);
  const std::size_t most = kLimitBytes - peak - kMarginBytes;

  Forked program([&](Line& line) {
    if (!group->enter()) std::_Exit(1);
    Program lives(GetParam());
    lives.answer(kWarmUpRounds);
    line.send(lives.answer(kCalmRounds));
    while (const auto times = line.receive<int>()) line.send(lives.answer(*times));
  });
  const auto before = program.line().receive<Account>();
  std::optional<Account> storm;
  {
    Neighbour neighbour(*group, kLimitBytes, most, 1);
    program.line().send(storm_rounds());
    storm = program.line().receive<Account>();
  }
  program.line().send(kCalmRounds);
  const auto after = program.line().receive<Account>();

  EXPECT_EQ(group->kills(), 0U);
  EXPECT_GT(group->limit_hits(), 0U) << "there was no storm";
  ASSERT_TRUE(before && storm && after) << "the program ended with " << program.wait();
  EXPECT_EQ(storm->generations, storm_rounds());
  for (const Account& account : {*before, *storm, *after}) {
    EXPECT_EQ(account.wrong_answers, 0) << account.first_wrong.data();
    EXPECT_EQ(account.inconsistent_ledgers, 0);
  }
  const auto footprint = static_cast<double>(before->footprint_bytes);
  EXPECT_NEAR(static_cast<double>(after->footprint_bytes), footprint, 0.02 * footprint);
  RecordProperty("limit_hits", std::to_string(group->limit_hits()));
  RecordProperty("neighbour_at_most", std::to_string(most));
  RecordProperty("footprint_before", std::to_string(before->footprint_bytes));
  RecordProperty("footprint_after", std::to_string(after->footprint_bytes));
}

INSTANTIATE_TEST_SUITE_P(Lab, PressureStorm,
                         testing::Values(DeviceMemoryTier::ultra_low, DeviceMemoryTier::standard),
                         [](const auto& tier) {
                           return tier.param == DeviceMemoryTier::standard ? "model_kept"
                                                                           : "model_loaded_each_time";
                         });

}  // namespace
}  // namespace plimsoll::test
