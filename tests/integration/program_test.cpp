// The program as a person or a script uses it.
#include "tests/integration/program.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace plimsoll::test {
namespace {

using nlohmann::json;

const std::string kDogCar = kExamples + "dog-car.png";
constexpr std::uint64_t kMib = 1024 * 1024;

bool has_escapes(const std::string& text) { return text.find_first_of("\x1b\r") != std::string::npos; }

TEST(Program, AnswersOnStdoutWithFiguresOnStderr) {
  const Ended ended =
      run_program({"run", "--temperature", "0", "--image", kDogCar, "What is in this image?"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.out, "A dog and a car.\n");
  for (const char* part : {"tokens/s", "first token", "active", "cache", "peak", "limits"}) {
    EXPECT_NE(ended.err.find(part), std::string::npos) << part;
  }
  EXPECT_FALSE(has_escapes(ended.out + ended.err));
}

TEST(Program, RunJsonHasEveryDocumentedField) {
  const Ended ended = run_program({"run", "--json", "--temperature", "0", "--device-memory", "4GiB",
                                   "--image", kDogCar, "What is in this image?"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json o = json::parse(ended.out);
  EXPECT_EQ(o.at("answer"), "A dog and a car.");
  EXPECT_EQ(o.at("finish_reason"), "stop");
  EXPECT_EQ(o.at("model"), "plimsoll-tiny • 22M");
  EXPECT_EQ(o.at("device"),
            (json{{"memory_bytes", 4096 * kMib}, {"tier", "standard"}, {"strategy", "tiered"}}));
  EXPECT_EQ(o.at("configuration"), (json{{"cache_limit_bytes", 20 * kMib},
                                         {"memory_limit_bytes", 2500 * kMib},
                                         {"max_tokens", 800},
                                         {"image_size", 384},
                                         {"keep_model_loaded", true},
                                         {"aggressive_cleanup", "no"}}));
  for (const char* field : {"load_ms", "image_decode_ms", "image_encode_ms", "prefill_ms",
                            "time_to_first_token_ms", "tokens", "tokens_per_second"}) {
    EXPECT_GT(o.at("timing").at(field).get<double>(), 0) << field;
  }
  EXPECT_EQ(o.at("image"), (json{{"tiles", 5}, {"tokens", 193}, {"reused", 0}}));
  EXPECT_EQ(o.at("video_frames"), 0);
  EXPECT_EQ(o.at("reused_tokens"), 0);
  const json& memory = o.at("memory");
  for (const char* field :
       {"active_bytes", "cache_bytes", "peak_bytes", "mapped_bytes", "footprint_peak_bytes"}) {
    EXPECT_TRUE(memory.at(field).is_number_unsigned()) << field;
  }
  std::uint64_t held = 0;
  for (const auto& [holder, bytes] : memory.at("holders").items()) held += bytes.get<std::uint64_t>();
  EXPECT_EQ(memory.at("holders").size(), 9U);
  EXPECT_EQ(held,
            memory.at("active_bytes").get<std::uint64_t>() + memory.at("cache_bytes").get<std::uint64_t>());
}

TEST(Program, AClassWithoutAMemoryLimitSaysNull) {
  const Ended ended = run_program({"device", "--json", "--device-memory", "16GiB"});
  EXPECT_TRUE(json::parse(ended.out).at("configuration").at("memory_limit_bytes").is_null());
}

struct ClassCase {
  const char* memory;
  const char* strategy;
  const char* tier;
  std::uint64_t cache_mib;
};
void PrintTo(const ClassCase& c, std::ostream* out) { *out << c.memory << " " << c.strategy; }
class ProgramDevice : public testing::TestWithParam<ClassCase> {};

TEST_P(ProgramDevice, IsClassifiedByStrategy) {
  const ClassCase& c = GetParam();
  const Ended ended =
      run_program({"device", "--json", "--device-memory", c.memory, "--strategy", c.strategy});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json o = json::parse(ended.out);
  EXPECT_EQ(o.at("device").at("tier"), c.tier);
  EXPECT_EQ(o.at("configuration").at("cache_limit_bytes"), c.cache_mib * kMib);
  EXPECT_TRUE(o.at("assumed"));
  EXPECT_EQ(o.at("machine").at("bounds").at(0).at("source"), "physical memory");
}
INSTANTIATE_TEST_SUITE_P(
    Classes, ProgramDevice,
    testing::Values(ClassCase{"2GiB", "tiered", "ultra low", 3}, ClassCase{"3GiB", "tiered", "low", 8},
                    ClassCase{"4GiB", "tiered", "standard", 20}, ClassCase{"8GiB", "tiered", "high", 50},
                    ClassCase{"4GiB", "legacy", "low", 3}, ClassCase{"4GiB", "quick-fix", "standard", 20}),
    [](const auto& c) {
      std::string name = std::string(c.param.memory) + "_" + c.param.strategy;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Program, OptionsOverrideTheClass) {
  const Ended ended =
      run_program({"run", "--json", "--memory-limit", "500MB", "--cache-limit", "1MB", "--max-tokens", "2",
                   "--image-size", "192", "--temperature", "0", "--image", kDogCar, "What is this?"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json o = json::parse(ended.out);
  EXPECT_EQ(o.at("configuration").at("memory_limit_bytes"), 500 * kMib);
  EXPECT_EQ(o.at("configuration").at("cache_limit_bytes"), kMib);
  EXPECT_EQ(o.at("configuration").at("image_size"), 192);
  EXPECT_EQ(o.at("finish_reason"), "length");
  EXPECT_EQ(o.at("timing").at("tokens"), 2);
}

TEST(Program, CtrlCEndsTheAnswerWithItsFigures) {
  bool sent = false;
  const Ended ended = run_program({"run", "--temperature", "50", "--top-p", "1", "--seed", "3",
                                   "--max-tokens", "1500", "Tell me everything"},
                                  "", [&](pid_t child) {
                                    if (!std::exchange(sent, true)) kill(child, SIGINT);
                                  });
  EXPECT_EQ(ended.exit_code, 130);
  EXPECT_NE(ended.err.find("cancelled"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("tokens/s"), std::string::npos);
}

TEST(Program, ChatsInTurnsOverAPipe) {
  const Ended ended = run_program({"chat", "--temperature", "0"},
                                  "/image " + kExamples +
                                      "shapes.png\nWhat is in this image?\nWhat color is the background?\n"
                                      "/memory\n/what\n/clear\nHello\n/quit\nnot reached\n");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.out,
            "A red circle, a yellow triangle and a blue square.\nWhite.\n"
            "Hello! Show me a picture and ask a question.\n");
  EXPECT_NE(ended.err.find("weights.text"), std::string::npos);
  EXPECT_NE(ended.err.find("/what: no such command"), std::string::npos);
  EXPECT_FALSE(has_escapes(ended.out + ended.err));
}

TEST(Program, AQuestionInAChatTakesPicturesOrOneVideo) {
  const std::string cat = kExamples + "cat.png", any = kExamples + "examples.jsonl";
  const std::string refusal = "a question takes pictures or one video";
  const auto complaints = [](const std::string& input) { return run_program({"chat"}, input).err; };
  EXPECT_NE(complaints("/image " + cat + "\n/video " + any + "\n").find(refusal), std::string::npos);
  EXPECT_NE(complaints("/video " + any + "\n/image " + cat + "\n").find(refusal), std::string::npos);
  EXPECT_NE(complaints("/video " + any + "\n/video " + any + "\n").find(refusal), std::string::npos);
  EXPECT_EQ(complaints("/image " + cat + "\n/clear\n/video " + any + "\n").find(refusal), std::string::npos);
  EXPECT_NE(complaints("/video\n").find("/video needs a file"), std::string::npos);
  EXPECT_NE(complaints("/video none.mp4\n").find("none.mp4: no such file"), std::string::npos);
}

TEST(Program, ChatEndsWithItsInput) { EXPECT_EQ(run_program({"chat"}, "").exit_code, 0); }

}  // namespace
}  // namespace plimsoll::test
