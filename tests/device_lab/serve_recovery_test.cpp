// A server in a real memory cgroup, and pictures that take more than there is.
#include <nlohmann/json.hpp>

#include "tests/base64_text.h"
#include "tests/device_lab/memory_cgroup.h"
#include "tests/file_text.h"
#include "tests/integration/png_of_size.h"
#include "tests/integration/serving_program.h"

namespace plimsoll::test {
namespace {

using Json = nlohmann::json;

Reply ask_about(const ServingProgram& server, const std::string& png) {
  return ask(server.port(), "POST", "/v1/chat/completions",
             R"({"messages":[{"role":"user","content":[{"type":"text","text":"What is in this image?"},)"
             R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
                 base64(png) + R"("}}]}]})");
}

void expect_small_answer(const ServingProgram& server) {
  const Reply reply = ask_about(server, file_text(kExamples + "dog-car.png"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json::parse(reply.body)["choices"][0]["message"]["content"], "A dog and a car.");
}

// Whether the picture is refused before it is decoded, or the engine's process is killed for it.
TEST(ServeRecovery, APictureThatTakesTheWholeDeviceIsRefusedAndOthersAreAnsweredAsBefore) {
  constexpr std::uint64_t kLimit = 128ULL * 1024 * 1024;
  auto group = MemoryCgroup::make(kLimit);
  if (!group) GTEST_SKIP() << "no right to make a memory cgroup here (root on Linux has it)";
  const std::string large = interlaced_png_of_size(14000, 14000);
  const ServingProgram server(start_command(group->inside(ServingProgram::command())));
  ASSERT_NO_FATAL_FAILURE(expect_small_answer(server));
  for (int i = 0; i < 6; ++i) {
    const Reply reply = ask_about(server, large);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(Json::parse(reply.body)["error"]["code"], "over_budget") << reply.body;
    ASSERT_NO_FATAL_FAILURE(expect_small_answer(server)) << "after " << i + 1;
  }
  const Json memory = Json::parse(ask(server.port(), "GET", "/v1/memory").body);
  EXPECT_EQ(memory["worker"]["steps_down"], 0);
  RecordProperty("kills", static_cast<int>(group->kills()));
}

}  // namespace
}  // namespace plimsoll::test
