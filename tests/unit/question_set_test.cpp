#include "cli/question_set.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/temporary_folder.h"

namespace plimsoll::cli {
namespace {

class QuestionSetTest : public testing::Test {
 protected:
  Expected<std::vector<SetQuestion>> read(const std::string& text) {
    std::ofstream(file_) << text;
    return read_question_set(file_);
  }

  ErrorCode code_of(const std::string& text) {
    const auto questions = read(text);
    EXPECT_FALSE(questions) << text;
    return questions ? ErrorCode::internal : questions.error().code;
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "questions.jsonl";
};

TEST_F(QuestionSetTest, PicturesAreSeenFromTheFilesFolder) {
  std::ofstream(folder_.path() / "cat.png") << "-";
  const auto questions =
      read(R"({"image": "cat.png", "question": "What?", "answer": "A cat.", "task": "what"})"
           "\n\n"
           R"({"question": "Hi", "answer": "Hello!", "seen": true})"
           "\n");
  ASSERT_TRUE(questions) << questions.error().message;
  ASSERT_EQ(questions->size(), 2U);
  EXPECT_EQ((*questions)[0].image, folder_.path() / "cat.png");
  EXPECT_EQ((*questions)[0].task, "what");
  EXPECT_TRUE((*questions)[1].image.empty());
  EXPECT_EQ((*questions)[1].task, "all");
}

TEST_F(QuestionSetTest, NamesTheLineThatIsWrong) {
  const auto questions = read("{\"question\": \"Hi\", \"answer\": \"Hello!\"}\nnonsense\n");
  ASSERT_FALSE(questions);
  EXPECT_EQ(questions.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(questions.error().message.find("questions.jsonl:2:"), std::string::npos);
}

TEST_F(QuestionSetTest, RefusesWhatCanNotBeAsked) {
  EXPECT_EQ(code_of(""), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("[]\n"), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("{\"question\": \"Hi\"}\n"), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("{\"question\": 5, \"answer\": \"5\"}\n"), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("{\"question\": \"Hi\", \"answer\": \"Ho\", \"image\": \"none.png\"}\n"),
            ErrorCode::not_found);
  EXPECT_EQ(read_question_set(folder_.path() / "none.jsonl").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace plimsoll::cli
