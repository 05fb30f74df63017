#include "cli/eval_journal.h"

#include <gtest/gtest.h>

#include "tests/file_text.h"
#include "tests/temporary_folder.h"

namespace plimsoll::cli {
namespace {

using Answers = std::vector<std::string>;

class EvalJournalTest : public testing::Test {
 protected:
  EvalJournal open(const std::string& run = "run 1") {
    auto journal = EvalJournal::open(result_, run);
    EXPECT_TRUE(journal) << journal.error().message;
    return std::move(*journal);
  }

  TemporaryFolder folder_;
  std::filesystem::path result_ = folder_.path() / "result.json";
  std::filesystem::path part_ = folder_.path() / "result.json.part";
};

TEST_F(EvalJournalTest, GoesOnWhereItStopped) {
  ASSERT_TRUE(open().add("A \"dog\".\nTwo lines."));
  EvalJournal again = open();
  EXPECT_EQ(again.answers(), (Answers{"A \"dog\".\nTwo lines."}));
  ASSERT_TRUE(again.add("Yes."));
  EXPECT_EQ(open().answers(), (Answers{"A \"dog\".\nTwo lines.", "Yes."}));
}

TEST_F(EvalJournalTest, ALineThatWasCutShortIsAskedAgain) {
  ASSERT_TRUE(open().add("Yes."));
  ASSERT_TRUE(open().add("No."));
  std::filesystem::resize_file(part_, std::filesystem::file_size(part_) - 3);
  EvalJournal again = open();
  EXPECT_EQ(again.answers(), (Answers{"Yes."}));
  ASSERT_TRUE(again.add("Left."));
  EXPECT_EQ(open().answers(), (Answers{"Yes.", "Left."}));
}

TEST_F(EvalJournalTest, DoesNotMixRuns) {
  ASSERT_TRUE(open().add("Yes."));
  const auto other = EvalJournal::open(result_, "run 2");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(open().answers(), (Answers{"Yes."}));
}

TEST_F(EvalJournalTest, FinishLeavesTheResultAlone) {
  EvalJournal journal = open();
  ASSERT_TRUE(journal.add("Yes."));
  ASSERT_TRUE(journal.finish("{}"));
  EXPECT_EQ(test::file_text(result_), "{}\n");
  EXPECT_FALSE(std::filesystem::exists(part_));
}

TEST_F(EvalJournalTest, SaysThatItCanNotWrite) {
  const auto journal = EvalJournal::open(folder_.path() / "none" / "result.json", "run");
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace plimsoll::cli
