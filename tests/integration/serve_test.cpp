// The whole server with the bundled model, as clients meet it.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/base64_text.h"
#include "tests/file_text.h"
#include "tests/integration/png_of_size.h"
#include "tests/integration/serving_program.h"

namespace plimsoll::test {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

const std::string kChat = "/v1/chat/completions";

std::string asking(const std::vector<std::string>& pictures, const std::string& fields = "") {
  std::string parts = R"({"type":"text","text":"What is in this image?"})";
  for (const std::string& bytes : pictures) {
    parts += R"(,{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + base64(bytes) + R"("}})";
  }
  return "{" + fields + R"("messages":[{"role":"user","content":[)" + parts + "]}]}";
}
std::string asking(const std::string& picture, const std::string& fields = "") {
  return asking(std::vector{picture}, fields);
}

// Pictures that take seconds to look at with kSlowEyes.
std::vector<std::string> many_pictures() {
  std::vector<std::string> pictures;
  for (std::uint32_t height = 373; height < 381; ++height) pictures.push_back(png_of_size(380, height));
  return pictures;
}

// A stream begins after a second without words: looking has to last longer, however fast the best kernels
// are.
const std::vector<std::string> kSlowEyes{"--vision-kernels", "plain", "--threads", "1"};

std::uint64_t footprint_of(const ServingProgram& program) {
  return Json::parse(ask(program.port(), "GET", "/v1/memory").body)["memory"]["footprint_bytes"];
}

class Serve : public testing::TestWithParam<bool> {
 protected:
  static std::vector<std::string> options() {
    return GetParam() ? std::vector<std::string>{} : std::vector<std::string>{"--no-worker"};
  }
};
INSTANTIATE_TEST_SUITE_P(WorkerAndNone, Serve, testing::Bool());

TEST_P(Serve, SaysWhereItListensAndAnswers) {
  ServingProgram program(options());
  EXPECT_NE(program.said().find("Plimsoll listens at http://127.0.0.1:"), std::string::npos)
      << program.said();
  EXPECT_NE(program.said().find("(model plimsoll-tiny, class "), std::string::npos);
  const Reply reply = ask(program.port(), "POST", kChat, asking(file_text(kExamples + "dog-car.png")));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json answer = Json::parse(reply.body);
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "A dog and a car.");
  EXPECT_GT(answer["plimsoll"]["memory"]["peak_bytes"], 0);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

TEST_P(Serve, PicturesOfEveryShapeAreAnsweredOrRefused) {
  ServingProgram program(options());
  const std::string jpeg_cut = file_text(kExamples + "dog-car.png").substr(0, 300);
  const Reply cut = ask(program.port(), "POST", kChat, asking(jpeg_cut));
  EXPECT_EQ(cut.status, 400);
  EXPECT_EQ(Json::parse(cut.body)["error"]["code"], "invalid_image");
  EXPECT_EQ(Json::parse(cut.body)["error"]["param"], "messages[0].content[1].image_url");
  for (const auto& [width, height] : {std::pair<std::uint32_t, std::uint32_t>{1, 1}, {4000, 1}, {1, 4000}}) {
    const Reply reply =
        ask(program.port(), "POST", kChat, asking(png_of_size(width, height), R"("max_tokens":4,)"));
    EXPECT_TRUE(reply.status == 200 || reply.status == 400) << width << "x" << height << reply.body;
  }
}

TEST_P(Serve, AHugePictureTakesLittleMemory) {
  ServingProgram program(options());
  ask(program.port(), "POST", kChat, asking(file_text(kExamples + "cat.png"), R"("max_tokens":4,)"));
  const std::string png = png_of_size(20'000, 20'000);
  EXPECT_LT(png.size(), 500'000);
  const std::uint64_t before = footprint_of(program);
  const Reply reply = ask(program.port(), "POST", kChat, asking(png, R"("max_tokens":4,)"));
  EXPECT_TRUE(reply.status == 200 || reply.status == 400) << reply.body;
  if (reply.status != 200) return;
  const Json memory = Json::parse(reply.body)["plimsoll"]["memory"];
  constexpr std::uint64_t kDecoding = 64 << 20;
  EXPECT_LT(memory["footprint_peak_bytes"].get<std::uint64_t>(), before + kDecoding);
}

TEST_P(Serve, SigtermDuringAnEncodeIsSaidAndTheProcessIsGone) {
  std::vector<std::string> slow = options();
  slow.insert(slow.end(), kSlowEyes.begin(), kSlowEyes.end());
  ServingProgram program(slow);
  ask(program.port(), "POST", "/v1/models/load");
  RawClient client(program.port());
  client.send(request_text("POST", kChat, asking(many_pictures(), R"("stream":true,)")));
  client.read_until(R"(: {"phase":"looking")");
  const auto began = Clock::now();
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(1));
  const std::string rest = client.read_rest();
  EXPECT_NE(rest.find(R"("code":"stopping")"), std::string::npos) << rest;
}

TEST(ServeCommand, SaysWhatIsWrongInOneSentence) {
  const ServingProgram first({"--no-worker"});
  const Ended second = run_program({"serve", "--no-worker", "--port", std::to_string(first.port())});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_NE(second.err.find("in use"), std::string::npos) << second.err;
  const Ended key = run_program({"serve", "--api-key-file", "/nonexistent"});
  EXPECT_EQ(key.exit_code, 3);
  EXPECT_NE(key.err.find("key file"), std::string::npos) << key.err;
  const Ended model = run_program({"serve", "--model", "nonesuch"});
  EXPECT_EQ(model.exit_code, 3);
  EXPECT_NE(model.err.find("nonesuch"), std::string::npos) << model.err;
  EXPECT_EQ(run_program({"serve", "--port", "99999"}).exit_code, 2);
  for (const Ended& ended : {second, key, model})
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
}

}  // namespace
}  // namespace plimsoll::test
