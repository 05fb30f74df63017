#include "engine/system_prompt.h"

#include <gtest/gtest.h>

namespace plimsoll::engine {
namespace {

const ModelFiles kPlain{.name = "plain"};

GenerationRequest asked_with(Turn turn) {
  return {.turns = {{.prompt = "Hello", .answer = "Hello!"}, std::move(turn)}};
}
GenerationRequest about_a_picture() {
  return asked_with({.prompt = "?", .images = {{std::filesystem::path("a.png")}}});
}
GenerationRequest about_a_video() { return asked_with({.prompt = "?", .video = VideoSource{"a.mp4"}}); }

TEST(SystemPrompt, PicturesAndVideosHaveEachTheirOwn) {
  EXPECT_EQ(system_prompt(about_a_picture(), kPlain), kDefaultImageSystemPrompt);
  EXPECT_EQ(system_prompt(about_a_video(), kPlain), kDefaultVideoSystemPrompt);
  EXPECT_NE(kDefaultImageSystemPrompt, kDefaultVideoSystemPrompt);
}

TEST(SystemPrompt, WordsAloneHaveNone) { EXPECT_EQ(system_prompt(asked_with({.prompt = "?"}), kPlain), ""); }

TEST(SystemPrompt, AModelsOwnReplacesTheDefaultAlsoWithNothing) {
  EXPECT_EQ(system_prompt(about_a_picture(), {.name = "m", .system_prompt = "Look."}), "Look.");
  EXPECT_EQ(system_prompt(about_a_video(), {.name = "m", .system_prompt = ""}), "");
}

TEST(SystemPrompt, TheRequestsOwnReplacesEveryOther) {
  GenerationRequest request = about_a_picture();
  request.system_prompt = "Be brief.";
  EXPECT_EQ(system_prompt(request, {.name = "m", .system_prompt = "Look."}), "Be brief.");
  request.system_prompt = "";
  EXPECT_EQ(system_prompt(request, kPlain), "");
}

}  // namespace
}  // namespace plimsoll::engine
