// plimsoll eval, as a person or a script uses it.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/file_text.h"
#include "tests/integration/program.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

using nlohmann::json;

class EvalCommand : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"cat.png", "dog-car.png", "shapes.png"})
      std::filesystem::copy_file(kExamples + name, folder_.path() / name);
    std::ofstream(questions_)
        << R"({"image": "cat.png", "question": "What is this?", "answer": "A cat.", "task": "what"})"
           "\n"
           R"({"image": "shapes.png", "question": "How many shapes are there?", "answer": "4", "task": "count"})"
           "\n"
           R"({"image": "dog-car.png", "question": "What is on the right?", "answer": "A car.", "task": "what"})"
           "\n";
  }

  Ended eval(std::vector<std::string> more, const std::function<void(pid_t)>& on_output = {}) {
    std::vector<std::string> arguments = {"eval", "--questions", questions_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments, "", on_output);
  }

  TemporaryFolder folder_;
  std::string questions_ = folder_.path() / "questions.jsonl";
  std::string result_ = folder_.path() / "result.json";
};

TEST_F(EvalCommand, CountsRightAnswersTaskByTask) {
  const Ended ended = eval({"--json", result_, "--image-size", "384"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out,
            "what   100.0%      2 of 2\n"
            "count    0.0%      0 of 1\n"
            "all     66.7%      2 of 3\n");
  const json o = json::parse(file_text(result_));
  EXPECT_EQ(o.at("all").at("right"), 2);
  EXPECT_EQ(o.at("tasks").at("count").at("asked"), 1);
  EXPECT_EQ(o.at("settings").at("image_size"), 384);
  EXPECT_EQ(o.at("settings").at("temperature"), 0);
  EXPECT_EQ(o.at("answers").at(1).at("answer"), "3");
  EXPECT_EQ(o.at("answers").at(1).at("right"), false);
}

TEST_F(EvalCommand, ShowsWrongAnswers) {
  const Ended ended = eval({"--wrong", "--kv-type", "q8_0"});
  EXPECT_NE(ended.out.find("expected: 4\n  answered: 3\n"), std::string::npos) << ended.out;
}

// An answer of the earlier run that the model would not give shows that it was not asked again.
TEST_F(EvalCommand, GoesOnWhereAnEarlierRunStopped) {
  ASSERT_EQ(eval({"--json", result_}).exit_code, 0);
  std::filesystem::rename(result_, result_ + ".old");
  const auto run_line = [&] {
    std::string line;
    std::ifstream part(result_ + ".part");
    std::getline(part, line);
    return line;
  };
  // A model that does not fit ends the run at its first question and leaves the journal's head.
  ASSERT_NE(eval({"--json", result_, "--memory-limit", "1MB"}).exit_code, 0);
  const std::string head = run_line();
  ASSERT_FALSE(head.empty());
  std::ofstream(result_ + ".part") << head << "\n\"A cat.\"\n\"4\"\n";
  const Ended ended = eval({"--json", result_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("all    100.0%      3 of 3"), std::string::npos) << ended.out;
  EXPECT_FALSE(std::filesystem::exists(result_ + ".part"));
}

TEST_F(EvalCommand, RefusesAnotherRunsAnswers) {
  std::ofstream(result_ + ".part") << "{}\n\"A cat.\"\n";
  const Ended ended = eval({"--json", result_});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_NE(ended.err.find("result.json.part"), std::string::npos) << ended.err;
}

TEST_F(EvalCommand, ASetThatCanNotBeReadIsBadInput) {
  EXPECT_EQ(run_program({"eval", "--questions", folder_.path() / "none.jsonl"}).exit_code, 3);
  EXPECT_EQ(run_program({"eval"}).exit_code, 2);
}

}  // namespace
}  // namespace plimsoll::test
