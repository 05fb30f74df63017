#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

#include "synth/byte_alphabet.h"
#include "synth/vocabulary.h"

namespace plimsoll::synth {
namespace {

class SynthVocabulary : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    vocabulary_ = make_vocabulary();
    for (const Token& token : vocabulary_.tokens) (token.control ? controls_ : texts_).insert(token.text);
  }

  static inline Vocabulary vocabulary_;
  static inline std::set<std::string> texts_;
  static inline std::set<std::string> controls_;
};

TEST_F(SynthVocabulary, HasTheSizeOfTheOutputMatrix) { EXPECT_EQ(vocabulary_.tokens.size(), 49280U); }

TEST_F(SynthVocabulary, HasNoTokenTwice) {
  std::set<std::string> all = texts_;
  all.insert(controls_.begin(), controls_.end());
  EXPECT_EQ(all.size(), vocabulary_.tokens.size());
  EXPECT_FALSE(all.contains(""));
}

TEST_F(SynthVocabulary, SpellsEveryByte) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    EXPECT_TRUE(texts_.contains(spell_byte(static_cast<unsigned char>(byte)))) << byte;
  }
}

TEST_F(SynthVocabulary, MergesJoinTokensThatExistToTokensThatExist) {
  for (const Merge& merge : vocabulary_.merges) {
    ASSERT_TRUE(texts_.contains(merge.left)) << merge.left;
    ASSERT_TRUE(texts_.contains(merge.right)) << merge.right;
    ASSERT_TRUE(texts_.contains(merge.left + merge.right)) << merge.left << " + " << merge.right;
  }
}

TEST_F(SynthVocabulary, EveryLongerTokenComesFromOneMerge) {
  std::set<std::string> results;
  for (const Merge& merge : vocabulary_.merges) results.insert(merge.left + merge.right);
  EXPECT_EQ(results.size(), vocabulary_.merges.size());
  EXPECT_EQ(results.size() + 256, texts_.size());
}

TEST_F(SynthVocabulary, HasTheControlTokensThatSmolVlmNeeds) {
  for (const char* text :
       {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<end_of_utterance>", "<fake_token_around_image>",
        "<global-img>", "<image>", "<row_1_col_1>", "<row_1_col_6>", "<row_6_col_1>", "<row_6_col_6>"}) {
    EXPECT_TRUE(controls_.contains(text)) << text;
  }
}

TEST_F(SynthVocabulary, HasTwoLineFeedsAsOneToken) {
  EXPECT_TRUE(texts_.contains("\u010A"));
  EXPECT_TRUE(texts_.contains("\u010A\u010A"));
}

TEST_F(SynthVocabulary, FindsATokenByItsText) {
  EXPECT_EQ(vocabulary_.tokens.at(id_of(vocabulary_, kTurnEnd)).text, kTurnEnd);
  EXPECT_THROW(id_of(vocabulary_, "<no such token>"), std::out_of_range);
}

}  // namespace
}  // namespace plimsoll::synth
