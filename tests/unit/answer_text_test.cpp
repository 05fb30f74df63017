#include "engine/answer_text.h"

#include <gtest/gtest.h>

namespace plimsoll::engine {
namespace {

// What was shown before the end, and all of it.
struct Said {
  std::string shown;
  std::string whole;
  bool ended = false;
};

Said say(std::vector<std::string> stops, const std::vector<std::string>& pieces) {
  AnswerText text(std::move(stops));
  Said said;
  for (const std::string& piece : pieces) {
    if (!text.ended()) said.shown += text.push(piece);
  }
  said.whole = said.shown + text.take_rest();
  said.ended = text.ended();
  return said;
}

TEST(AnswerText, WithoutStopsEverythingIsShownAtOnce) {
  const Said said = say({}, {"A ", "dog", "\n"});
  EXPECT_EQ(said.shown, "A dog\n");
  EXPECT_FALSE(said.ended);
}

TEST(AnswerText, SpaceBeforeTheFirstWordIsLeftOutAlsoOverSeveralPieces) {
  EXPECT_EQ(say({}, {" ", "\n\t", " A", " dog"}).whole, "A dog");
}

TEST(AnswerText, EndsBeforeAStopInsideOnePiece) {
  const Said said = say({"###"}, {"yes### no"});
  EXPECT_EQ(said.whole, "yes");
  EXPECT_TRUE(said.ended);
}

TEST(AnswerText, FindsAStopThatIsSplitOverPieces) {
  const Said said = say({"END"}, {"one E", "N", "D two"});
  EXPECT_EQ(said.whole, "one ");
  EXPECT_TRUE(said.ended);
}

TEST(AnswerText, WhatOnlyBeganLikeAStopIsShownLater) {
  AnswerText text({"END"});
  EXPECT_EQ(text.push("an E"), "an ");
  EXPECT_EQ(text.push("N"), "");
  EXPECT_EQ(text.push("gine"), "ENgine");
  EXPECT_FALSE(text.ended());
}

TEST(AnswerText, WhatIsHeldBackAtTheEndBelongsToTheAnswer) {
  const Said said = say({"END"}, {"the E"});
  EXPECT_EQ(said.shown, "the ");
  EXPECT_EQ(said.whole, "the E");
}

TEST(AnswerText, TheFirstOfSeveralStopsEndsIt) {
  EXPECT_EQ(say({"two", "one"}, {"zero one two"}).whole, "zero ");
}

TEST(AnswerText, AStopThatRepeatsItselfIsFoundWhereItFirstIsWhole) {
  const Said said = say({"aab"}, {"a", "a", "a", "b", "c"});
  EXPECT_EQ(said.whole, "a");
  EXPECT_TRUE(said.ended);
}

TEST(AnswerText, EmptyStopsStopNothing) {
  const Said said = say({""}, {"A dog"});
  EXPECT_EQ(said.whole, "A dog");
  EXPECT_FALSE(said.ended);
}

TEST(AnswerText, HeldBackSpaceBetweenWordsIsKept) { EXPECT_EQ(say({" x"}, {"a", " ", "b"}).whole, "a b"); }

}  // namespace
}  // namespace plimsoll::engine
