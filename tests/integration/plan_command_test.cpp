// `plimsoll plan`, and that `run` does what it says.
#include <nlohmann/json.hpp>

#include "tests/integration/program.h"

namespace plimsoll::test {
namespace {

using nlohmann::json;

json plan_of(const std::string& device_memory) {
  const Ended ended = run_program({"plan", "--json", "--device-memory", device_memory});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const json plans = json::parse(ended.out).at("plans");
  EXPECT_EQ(plans.size(), 1U);
  return plans.at(0);
}

TEST(PlanCommand, ShowsEveryClassAndThisMachine) {
  const Ended ended = run_program({"plan"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const char* part : {"ultra low (2 GiB)", "low (3 GiB)", "standard (4 GiB)", "high (8 GiB)",
                           "this machine", "weights.text", "kv", "peak of the process", "fits"}) {
    EXPECT_NE(ended.out.find(part), std::string::npos) << part;
  }
}

TEST(PlanCommand, JsonHasEveryDocumentedField) {
  const json plan = plan_of("4GiB");
  for (const char* field :
       {"device", "tier", "strategy", "memory_limit_bytes", "growth_bytes", "fits", "missing_bytes",
        "holders", "peak_bytes", "footprint_bytes", "context_tokens", "max_tokens", "batch_tokens", "kv_type",
        "repacked", "vision", "resident_layer_bytes", "streamed_bytes", "concessions"}) {
    EXPECT_TRUE(plan.contains(field)) << field;
  }
  EXPECT_TRUE(plan.at("fits"));
  EXPECT_EQ(plan.at("tier"), "standard");
  EXPECT_EQ(plan.at("max_tokens"), 800);
  EXPECT_EQ(plan.at("holders").size(), 9U);
  EXPECT_GT(plan.at("footprint_bytes"), plan.at("peak_bytes"));
}

TEST(PlanCommand, EndsWithTheErrorOfALoadThatWouldBeRefused) {
  const Ended ended = run_program({"plan", "--json", "--device-memory", "90MiB"});
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_NE(ended.err.find("does not fit"), std::string::npos) << ended.err;
  const json plan = json::parse(ended.out).at("plans").at(0);
  EXPECT_FALSE(plan.at("fits"));
  EXPECT_GT(plan.at("missing_bytes"), 0);
}

TEST(PlanCommand, RunTakesWhatWasPlanned) {
  const json planned = plan_of("4GiB").at("holders");
  const Ended ended = run_program({"run", "--json", "--temperature", "0", "--device-memory", "4GiB",
                                   "--image", kExamples + "dog-car.png", "What is in this image?"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json result = json::parse(ended.out);
  const json& peaks = result.at("memory").at("holder_peaks");
  EXPECT_EQ(result.at("plan").at("holders"), planned);
  for (const char* holder : {"weights.text", "weights.vision", "compute.vision"}) {
    EXPECT_EQ(peaks.at(holder), planned.at(holder)) << holder;
  }
  EXPECT_LE(peaks.at("kv"), planned.at("kv"));  // the question is shorter than a typical one
}

TEST(PlanCommand, RunHasNoPlanWithAStrategyThatMakesNone) {
  const Ended ended = run_program({"run", "--json", "--strategy", "legacy", "--max-tokens", "1", "Hello"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(json::parse(ended.out).at("plan").is_null());
}

}  // namespace
}  // namespace plimsoll::test
