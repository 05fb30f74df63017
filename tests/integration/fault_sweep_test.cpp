// Whatever memory is refused in the middle of a request, by the line or by the operating system: one clear
// error, nothing lost, and the next request is answered as if nothing had been.
#include <sys/mman.h>

#include <atomic>
#include <future>
#include <iostream>
#include <numeric>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

// Counts requests for memory, and refuses from the Nth on as many as it is told to.
class Fault {
 public:
  void arm(int nth, int count) {
    seen_ = 0;
    first_ = nth;
    last_ = nth + count - 1;
  }
  void disarm() { first_ = 0; }
  bool has_struck() const { return first_ > 0 && seen_ >= first_; }
  bool strikes() {
    if (first_ == 0) return false;
    const int now = ++seen_;
    return now >= first_ && now <= last_;
  }

 private:
  std::atomic<int> seen_ = 0, first_ = 0, last_ = 0;  // first 0: disarmed
};

class FaultyPages : public PageSource {
 public:
  explicit FaultyPages(std::shared_ptr<Fault> fault) : fault_(std::move(fault)) {}
  std::byte* map(std::size_t bytes) override {
    if (fault_->strikes()) return nullptr;
    void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
  }
  void unmap(std::byte* data, std::size_t bytes) noexcept override { munmap(data, bytes); }

 private:
  std::shared_ptr<Fault> fault_;
};

// The line refuses once and has room again, so that what goes on after a refusal gets far; the operating
// system stays without memory until the request is over.
struct Refuser {
  const char* name;
  int count;
  ErrorCode code;
  std::shared_ptr<MemoryPool> (*make_pool)(const std::shared_ptr<Fault>& fault);
};

const Refuser kLine{"the line", 1, ErrorCode::over_budget, [](const std::shared_ptr<Fault>& fault) {
                      return MemoryPool::create(
                          nullptr, [fault](MemoryHolder, std::size_t) { return !fault->strikes(); });
                    }};
const Refuser kSystem{"the system", 1 << 20, ErrorCode::out_of_memory,
                      [](const std::shared_ptr<Fault>& fault) {
                        return MemoryPool::create(std::make_unique<FaultyPages>(fault));
                      }};

struct Scenario {
  const char* name;
  std::optional<EngineSettings> settings = EngineSettings{};  // empty: a plan decides
  bool load_before = false;
  std::optional<GenerationRequest> before{};  // without faults
  bool unload_before = false;
  GenerationRequest request;
};
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

struct Rig {
  std::shared_ptr<Fault> fault = std::make_shared<Fault>();
  std::shared_ptr<MemoryPool> pool;
  std::unique_ptr<VlmEvaluator> evaluator;

  Rig(const Refuser& refuser, const std::optional<EngineSettings>& settings)
      : pool(refuser.make_pool(fault)) {
    MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
    configuration.cache_limit_bytes = 0;  // so that every buffer has the size that was asked for
    configuration.image_size = 192;       // one tile a picture
    configuration.answers_at_once = settings ? settings->answers_at_once : 1;
    evaluator = std::make_unique<VlmEvaluator>(EvaluatorOptions{.model = bundled_model(),
                                                                .configuration = configuration,
                                                                .engine = settings,
                                                                .device_memory_bytes = 4 * kGiB,
                                                                .threads = 1},
                                               pool);
  }

  void prepare(const Scenario& scenario) {
    EXPECT_TRUE(!scenario.load_before || evaluator->load());
    EXPECT_TRUE(!scenario.before || evaluator->generate(*scenario.before));
    if (scenario.unload_before) evaluator->unload_model();
  }
};

const GenerationRequest kText = ask("Hello");
const GenerationRequest kPicture = ask_about_dog_and_car();
const GenerationRequest kTwoPictures =
    ask("What is in these images?", {picture("cat.png"), picture("dog-car.png")});

// What a run without faults says and holds.
struct Reference {
  std::string answer;           // to the scenario's request
  std::string recovery_answer;  // to kPicture
  MemoryLedger recovered;       // after kPicture

  Reference(const Refuser& refuser, const Scenario& scenario) {
    Rig rig(refuser, scenario.settings);
    recovery_answer = rig.evaluator->generate(kPicture)->answer;
    recovered = rig.pool->ledger();
    answer = rig.evaluator->generate(scenario.request)->answer;
  }
};

void expect_clear(const Error& error, ErrorCode code) {
  EXPECT_EQ(error.code, code) << error.message;
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
  if (code != ErrorCode::over_budget) return;
  ASSERT_TRUE(error.denial) << error.message;
  const BudgetDenial& denial = *error.denial;
  EXPECT_FALSE(denial.holder.empty());
  EXPECT_GT(denial.requested_bytes, denial.available_bytes);
  const std::size_t held =
      std::accumulate(denial.holders.begin(), denial.holders.end(), std::size_t{0},
                      [](std::size_t sum, const HolderShare& share) { return sum + share.bytes; });
  EXPECT_EQ(held + denial.available_bytes, denial.limit_bytes);
}

// The model at most, as it is after an answer, and no context.
void expect_back_at_baseline(const MemoryLedger& ledger, const Reference& reference) {
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    const auto holder = static_cast<MemoryHolder>(i);
    const bool context = holder == MemoryHolder::kv || holder == MemoryHolder::compute_text;
    EXPECT_LE(ledger.of(holder), context ? 0 : reference.recovered.of(holder)) << to_string(holder);
  }
}

// One request with a refusal at the Nth charge. Returns whether there was an Nth.
bool survives_refusal(const Refuser& refuser, const Scenario& scenario, const Reference& reference, int nth) {
  Rig rig(refuser, scenario.settings);
  rig.prepare(scenario);
  rig.fault->arm(nth, refuser.count);
  auto result = rig.evaluator->generate(scenario.request);
  const bool struck = rig.fault->has_struck();
  rig.fault->disarm();
  if (result) {
    EXPECT_EQ(result->answer, reference.answer);
  } else {
    expect_clear(result.error(), refuser.code);
    expect_back_at_baseline(rig.pool->ledger(), reference);
  }
  auto next = rig.evaluator->generate(kPicture);
  EXPECT_EQ(next ? next->answer : next.error().message, reference.recovery_answer);
  if (!result) {
    EXPECT_EQ(rig.pool->ledger().holder_bytes, reference.recovered.holder_bytes);
  }
  rig.evaluator.reset();
  EXPECT_EQ(rig.pool->active_memory(), 0U);
  EXPECT_EQ(rig.pool->ledger().mapped_bytes, 0U);
  return struck;
}

EngineSettings on_demand() { return {.vision = VisionResidency::on_demand}; }
EngineSettings streaming(std::size_t resident_bytes) {
  return {
      .repack = false, .vision = VisionResidency::on_demand, .streamed_text_resident_bytes = resident_bytes};
}

class FaultSweep : public testing::TestWithParam<Scenario> {
 protected:
  void sweep(const Refuser& refuser) {
    const Reference reference(refuser, GetParam());
    int nth = 1;
    while (survives_refusal(refuser, GetParam(), reference, nth) && !HasFailure()) ++nth;
    ASSERT_FALSE(HasFailure()) << "at N = " << nth;
    EXPECT_GT(nth, 2) << "nothing was refused";
    std::cout << GetParam().name << ": " << refuser.name << " refused at N = 1.." << nth - 1
              << ", all clean\n";
  }
};

TEST_P(FaultSweep, TheLineRefusesTheNthCharge) { sweep(kLine); }
TEST_P(FaultSweep, TheSystemHasNoMemoryFromTheNthMapOn) { sweep(kSystem); }

// One request with a refusal at the Nth charge while another answer is written, which goes on as if nothing
// had been. Returns whether there was an Nth.
bool spares_the_other(int nth, const GenerationRequest& others, const std::string& others_answer) {
  Rig rig(kLine, EngineSettings{.answers_at_once = 2, .context_tokens = 1024});
  std::atomic<bool> begun = false;
  auto other = std::async(std::launch::async, [&] {
    return rig.evaluator->generate(others, [&](std::string_view) { begun = true; });
  });
  EXPECT_TRUE(eventually([&] { return begun.load(); }));
  rig.fault->arm(nth, 1);
  auto result = rig.evaluator->generate(kPicture);
  const bool struck = rig.fault->has_struck();
  rig.fault->disarm();
  const auto kept = other.get();
  EXPECT_EQ(kept ? kept->answer : kept.error().message, others_answer);
  if (result) {
    EXPECT_EQ(result->answer, kDogAndCar);
  } else {
    expect_clear(result.error(), kLine.code);
  }
  EXPECT_EQ(rig.evaluator->generate(kPicture)->answer, kDogAndCar);
  rig.evaluator.reset();
  EXPECT_EQ(rig.pool->active_memory(), 0U);
  return struck;
}

TEST(FaultSweepTogether, ARefusedChargeEndsNoOtherAnswer) {
  const GenerationRequest others = ask("Describe this image in every detail.", {picture("garden.png")});
  const std::string expected = Rig(kLine, EngineSettings{}).evaluator->generate(others)->answer;
  int nth = 1;
  while (spares_the_other(nth, others, expected) && !HasFailure()) ++nth;
  ASSERT_FALSE(HasFailure()) << "at N = " << nth;
  EXPECT_GT(nth, 2) << "nothing was refused";
  std::cout << "beside another answer: the line refused at N = 1.." << nth - 1 << ", all clean\n";
}

INSTANTIATE_TEST_SUITE_P(
    Over, FaultSweep,
    testing::Values(
        Scenario{.name = "LoadAndPicture", .request = kPicture},
        Scenario{.name = "PlanLoadAndPicture", .settings = std::nullopt, .request = kPicture},
        Scenario{.name = "TextOnALoadedModel", .load_before = true, .request = kText},
        Scenario{.name = "APictureMoreThanTheContextHasRoomFor", .before = kPicture, .request = kTwoPictures},
        Scenario{.name = "RoomForSeveral",
                 .settings = EngineSettings{.answers_at_once = 4, .context_tokens = 512},
                 .before = kText,
                 .request = kPicture},
        Scenario{.name = "VisionOnDemand", .settings = on_demand(), .before = kText, .request = kPicture},
        Scenario{.name = "StreamedWithNoLayerKept", .settings = streaming(0), .request = kPicture},
        Scenario{.name = "StreamedWithSomeLayersKept",
                 .settings = streaming(2 * kMiB),
                 .before = kText,
                 .request = kPicture},
        Scenario{
            .name = "PictureAfterUnload", .before = kPicture, .unload_before = true, .request = kPicture}),
    [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace plimsoll::test
