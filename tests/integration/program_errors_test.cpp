// Whatever is wrong with the input: one sentence, the right exit code, and with --json an object.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/integration/program.h"

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;

class ProgramErrors : public testing::Test {
 protected:
  ProgramErrors() {
    std::string pattern = (fs::temp_directory_path() / "plimsoll-errors-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ProgramErrors() override { fs::remove_all(folder_); }

  // The first bytes of a file, as a file of their own.
  std::string cut(const std::string& source, std::size_t bytes, const std::string& name) {
    std::string content(bytes, '\0');
    std::ifstream(source, std::ios::binary).read(content.data(), static_cast<std::streamsize>(bytes));
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }

  void expect_error(std::vector<std::string> arguments, int exit_code, const std::string& mentions) {
    const Ended ended = run_program(arguments);
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    EXPECT_EQ(ended.err.rfind("plimsoll: ", 0), 0U) << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    EXPECT_NE(ended.err.find(mentions), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
  }

  fs::path folder_;
  const std::string cat_ = kExamples + "cat.png";
  const std::string models_ = std::string(PLIMSOLL_SOURCE_DIR) + "/models/plimsoll-tiny/";
};

TEST_F(ProgramErrors, WrongUsage) {
  expect_error({}, 2, "run, chat, eval, serve, pull, models, watch, plan, device or prove");
  expect_error({"walk"}, 2, "walk");
  expect_error({"run"}, 2, "prompt");
  expect_error({"run", "--bogus", "hi"}, 2, "--bogus");
  expect_error({"run", "--memory-limit", "lots", "hi"}, 2, "--memory-limit");
  expect_error({"run", "--strategy", "brave", "hi"}, 2, "--strategy");
  expect_error({"run", "--max-tokens", "0", "hi"}, 2, "--max-tokens");
  expect_error({"run", "--top-p", "1.5", "hi"}, 2, "--top-p");
  expect_error({"run", "--image", "a.png", "--video", "b.mp4", "hi"}, 2, "--image excludes --video");
}

TEST_F(ProgramErrors, BadPictures) {
  expect_error({"run", "--image", (folder_ / "none.png").string(), "hi"}, 3, "none.png");
  expect_error({"run", "--image", folder_.string(), "hi"}, 3, "folder");
  expect_error({"run", "--image", kExamples + "examples.jsonl", "hi"}, 3, "not a picture");
  expect_error({"run", "--image", cut(cat_, 20000, "cut.png"), "hi"}, 3, "cut short or damaged");
  expect_error({"run", "--image", cut(cat_, 0, "empty.png"), "hi"}, 3, "empty");
}

TEST_F(ProgramErrors, BadModels) {
  expect_error({"run", "--model", "no-such-model", "hi"}, 3, "no-such-model");
  expect_error({"run", "--model", folder_.string(), "hi"}, 3, "no language model");
  expect_error({"run", "--model", cat_, "hi"}, 3, "not a GGUF file");
  expect_error({"run", "--model", models_ + "mmproj-plimsoll-tiny-q8_0.gguf", "hi"}, 3, "vision encoder");
  expect_error({"run", "--mmproj", models_ + "plimsoll-tiny-q8_0.gguf", "hi"}, 3, "not a vision encoder");
  for (const std::size_t bytes : {5000000U, 100000U, 30U}) {
    expect_error({"run", "--model", cut(models_ + "plimsoll-tiny-q8_0.gguf", bytes, "cut.gguf"), "hi"}, 3,
                 "cut short");
  }
}

TEST_F(ProgramErrors, TwoModelsInAFolder) {
  fs::copy_file(models_ + "plimsoll-tiny-q8_0.gguf", folder_ / "a.gguf");
  fs::copy_file(models_ + "plimsoll-tiny-q8_0.gguf", folder_ / "b.gguf");
  expect_error({"run", "--model", folder_.string(), "hi"}, 3, "both fit");
}

TEST_F(ProgramErrors, OverBudgetSaysWhoHoldsWhat) {
  expect_error({"run", "--memory-limit", "16MB", "--image", cat_, "hi"}, 4, "weights.vision");

  const Ended ended = run_program({"run", "--json", "--memory-limit", "16MB", "--image", cat_, "hi"});
  EXPECT_EQ(ended.exit_code, 4);
  const auto error = nlohmann::json::parse(ended.out).at("error");
  EXPECT_EQ(error.at("code"), "over_budget");
  EXPECT_FALSE(error.at("message").get<std::string>().empty());
  const auto& denial = error.at("denial");
  EXPECT_EQ(denial.at("holder"), "weights.vision");
  EXPECT_GT(denial.at("requested_bytes"), denial.at("available_bytes"));
  EXPECT_EQ(denial.at("limit_bytes"), 16 * 1024 * 1024);
  EXPECT_GT(denial.at("holders").at("weights.text"), 0);
}

TEST_F(ProgramErrors, JsonErrorsAreObjects) {
  const Ended ended = run_program({"run", "--json", "--image", (folder_ / "none.png").string(), "hi"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(nlohmann::json::parse(ended.out).at("error").at("code"), "not_found");
}

TEST_F(ProgramErrors, AFullDiskIsNotSilent) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  const std::string command =
      std::string(PLIMSOLL_PROGRAM) + " run --temperature 0 Hello > /dev/full 2>/dev/null";
  const Ended ended = run_command({"/bin/sh", "-c", command});
  EXPECT_EQ(ended.exit_code, 3);
}

}  // namespace
}  // namespace plimsoll::test
