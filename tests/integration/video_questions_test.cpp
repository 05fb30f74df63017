// Questions about videos, through the whole program.
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/integration/program.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

using Words = std::vector<std::string>;
using nlohmann::json;
using testing::HasSubstr;

constexpr int kContext = 2048;  // of the bundled model

class VideoQuestions : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null") != 0) {
      GTEST_SKIP() << "the Debian package ffmpeg is not installed";
    }
  }

  std::string make(const std::string& name, double frames_per_second, int seconds) const {
    const std::string path = (folder_.path() / name).string();
    const Ended ended = run_command({"/usr/bin/env", "ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                                     "testsrc2=size=192x192:rate=" + std::to_string(frames_per_second) +
                                         ":duration=" + std::to_string(seconds),
                                     "-c:v", "mpeg4", "-g", "5", path});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return path;
  }

  static Ended ask(const Words& more) {
    Words words = {"run", "--temperature", "0", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    words.emplace_back("What is in this video?");
    return run_program(words);
  }

  const TemporaryFolder folder_;
};

TEST_F(VideoQuestions, AnHourOfFilmHasAsManyFramesAsFitWhateverTheAnswerMayTake) {
  const std::string film = make("hour.mp4", 0.5, 3600);
  int before = 65;
  for (const int max_tokens : {1, 32, 60, 400, 1000, 2047, 100000}) {
    const Ended ended = ask({"--max-tokens", std::to_string(max_tokens), "--video", film});
    ASSERT_EQ(ended.exit_code, 0) << max_tokens << ": " << ended.err;
    const auto said = json::parse(ended.out);
    const int frames = said.at("video_frames"), tokens = said.at("prompt_tokens");
    EXPECT_LE(tokens + std::min(max_tokens, kContext / 2), kContext) << max_tokens;
    // One more would not fit.
    EXPECT_GT(tokens + tokens / frames + 2 + std::min(max_tokens, kContext / 2), kContext) << max_tokens;
    EXPECT_LE(frames, before) << max_tokens;
    before = frames;
  }
  EXPECT_GE(before, 10);
}

TEST_F(VideoQuestions, ALongQuestionLeavesAFrameOrSaysThatThereIsNoRoom) {
  const std::string film = make("v.mp4", 5, 20);
  const auto long_question = [](int words) {
    std::string question;
    for (int i = 0; i < words; ++i) question += "cat ";
    return question;
  };
  const Ended fits =
      run_program({"run", "--json", "--max-tokens", "800", "--video", film, long_question(1500)});
  EXPECT_EQ(fits.exit_code, 0) << fits.err;
  const Ended none =
      run_program({"run", "--json", "--max-tokens", "8", "--video", film, long_question(3000)});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, HasSubstr("no room for even one frame"));
}

TEST_F(VideoQuestions, APictureThatIsGivenAsAVideoIsSentTheOtherWay) {
  const Ended ended = ask({"--video", kExamples + "cat.png"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr("this is a picture (PNG)"));
}

}  // namespace
}  // namespace plimsoll::test
