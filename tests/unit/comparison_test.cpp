// What bench/compare reads of both sides' output, and what it makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/comparison/figure.h"
#include "bench/comparison/machine.h"
#include "bench/comparison/our_output.h"
#include "bench/comparison/peer_output.h"

namespace plimsoll::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Samples samples_of(std::initializer_list<double> values) {
  Samples samples;
  for (const double value : values) samples.add(value);
  return samples;
}

TEST(Samples, MedianIsTheMiddleOfAnOddAndTheMeanOfTheMiddleTwoOfAnEvenNumber) {
  EXPECT_DOUBLE_EQ(samples_of({9, 1, 4}).median().value(), 4);
  EXPECT_DOUBLE_EQ(samples_of({9, 1, 4, 6}).median().value(), 5);
}

TEST(Samples, RunsThatGaveNothingAreLeftOutAndTheFirstReasonStaysWhenAllDid) {
  Samples samples;
  EXPECT_FALSE(samples.median());
  samples.add(missing("first"));
  samples.add(missing("second"));
  EXPECT_EQ(samples.median().error(), "first");
  samples.add(3);
  EXPECT_DOUBLE_EQ(samples.median().value(), 3);
  EXPECT_EQ(samples.count(), 1U);
}

TEST(FigureJson, HasBothMediansTheirRatioAndTheDetails) {
  Figure figure = figure_of("ms", samples_of({30}), samples_of({40, 60, 80}));
  figure.details["peer_type"] = "bf16";
  const Json json = figure_json(figure);
  EXPECT_EQ(json["ours"], 30);
  EXPECT_EQ(json["peer"], 60);
  EXPECT_EQ(json["ratio"], 0.5);
  EXPECT_EQ(json["unit"], "ms");
  EXPECT_EQ(json["peer_type"], "bf16");
  EXPECT_EQ(json["runs"], (Json{{"ours", 1}, {"peer", 3}}));
  EXPECT_FALSE(json.contains("ours_missing") || json.contains("peer_missing"));
}

TEST(FigureJson, SaysWhyASideIsNullAndHasNoRatioThen) {
  const Json json = figure_json({"ms", 5, missing("no peer")});
  EXPECT_EQ(json["ours"], 5);
  EXPECT_TRUE(json["peer"].is_null());
  EXPECT_TRUE(json["ratio"].is_null());
  EXPECT_EQ(json["peer_missing"], "no peer");
}

TEST(RatioOf, IsMissingWhenThePeerTookNothing) { EXPECT_FALSE(ratio_of({"ms", 5, 0})); }

TEST(FigureRow, ShowsADashForWhatIsMissing) {
  const std::string row = figure_row("load", {"ms", 12.345, missing("no peer")});
  EXPECT_THAT(row, HasSubstr("load"));
  EXPECT_THAT(row, HasSubstr("12.3"));
  EXPECT_THAT(row, HasSubstr(" -"));
}

// As llama-mtmd-cli of v0.5.0 prints them, the times of its text batches in between.
constexpr const char* kPeerLog =
    "0.01.633.415 I cmn          init: llama threadpool init, n_threads = 2\n"
    "1.05.107.098 I main: loading model: /models/text.gguf\n"
    "0.05.368.211 I encoding mtmd batch, n_chunks = 1 (done = 1, total = 5)\n"
    "0.09.954.594 I mtmd batch encoding done in 1500 ms\n"
    "0.09.954.600 I image decoded (batch 1/1) in 5888 ms\n"
    "0.13.810.545 I encoding mtmd batch, n_chunks = 3 (done = 3, total = 5)\n"
    "0.18.710.746 I mtmd batch encoding done in 4900 ms\n";

TEST(PeerOutput, TilesAreThoseOfAllBatchesAndTheTimeIsSharedAmongThem) {
  EXPECT_DOUBLE_EQ(peer_tiles(kPeerLog).value(), 4);
  EXPECT_DOUBLE_EQ(peer_encode_ms_per_tile(kPeerLog).value(), 1600);
}

TEST(PeerOutput, LoadEndsAtTheTimeStampOfTheLineThatFollowsIt) {
  EXPECT_DOUBLE_EQ(peer_load_ms(kPeerLog).value(), 65107.098);
}

TEST(PeerOutput, ALogWithoutThemIsAReasonAndNoFigure) {
  for (const auto& measured : {peer_tiles("main: error\n"), peer_encode_ms_per_tile(""),
                               peer_encode_ms_per_tile("encoding mtmd batch, n_chunks = 1 (done = 1"),
                               peer_load_ms("main: loading model: x")}) {
    ASSERT_FALSE(measured);
    EXPECT_THAT(measured.error(), HasSubstr("llama-mtmd-cli printed no"));
  }
}

TEST(PeerOutput, SpeedIsThatOfTheTestThatWasAskedFor) {
  const char* json = R"([{"n_prompt": 256, "n_gen": 0, "avg_ts": 270.5},
                         {"n_prompt": 0, "n_gen": 64, "avg_ts": 66.25}])";
  EXPECT_DOUBLE_EQ(peer_tokens_per_second(json, "n_prompt", 256).value(), 270.5);
  EXPECT_DOUBLE_EQ(peer_tokens_per_second(json, "n_gen", 64).value(), 66.25);
  EXPECT_FALSE(peer_tokens_per_second(json, "n_prompt", 512));
  EXPECT_FALSE(peer_tokens_per_second("error: failed to load", "n_gen", 64));
}

TEST(OurOutput, EncodeTimeIsForEachTile) {
  const char* json = R"({"timing": {"load_ms": 310.5, "image_encode_ms": 900}, "image": {"tiles": 2}})";
  EXPECT_DOUBLE_EQ(our_encode_ms_per_tile(json).value(), 450);
  EXPECT_DOUBLE_EQ(our_load_ms(json).value(), 310.5);
}

TEST(OurOutput, NoTileNoNumberOrNoJsonIsAReasonAndNoFigure) {
  EXPECT_THAT(our_encode_ms_per_tile(R"({"timing": {"image_encode_ms": 0}, "image": {"tiles": 0}})").error(),
              HasSubstr("no tile"));
  EXPECT_THAT(our_encode_ms_per_tile(R"({"timing": {}, "image": {"tiles": 1}})").error(),
              HasSubstr("/timing/image_encode_ms"));
  EXPECT_THAT(our_encode_ms_per_tile("plimsoll: no such file").error(), HasSubstr("no JSON"));
  EXPECT_FALSE(our_load_ms(R"({"error": {"code": "io"}})"));
}

TEST(OurOutput, NumbersOfAnArrayAreSamplesAndAProgramThatFailedIsTheirReason) {
  const Printed printed = parse_object(R"({"one": {"first_ms": [4, 2, 9], "later_ms": []}})");
  EXPECT_DOUBLE_EQ(numbers_at(printed, "/one/first_ms").median().value(), 4);
  EXPECT_THAT(numbers_at(printed, "/one/later_ms").median().error(), HasSubstr("/one/later_ms"));
  EXPECT_EQ(numbers_at(missing("out of memory"), "/one/first_ms").median().error(), "out of memory");
  EXPECT_EQ(number_at(missing("out of memory"), "/p99_ms").error(), "out of memory");
}

TEST(Cpu, IsNamedWithItsProcessorsAndTheFlagsThatMatter) {
  const Json x86 = cpu_json(
      "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 avx512_vnni avx512_bf16\n\n"
      "processor\t: 1\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 avx512_vnni avx512_bf16\n");
  EXPECT_EQ(x86["cpu"], "AMD EPYC");
  EXPECT_EQ(x86["processors"], 2);
  EXPECT_THAT(x86["flags"].get<std::vector<std::string>>(),
              ElementsAre("avx2", "avx512_vnni", "avx512_bf16"));
  const Json arm = cpu_json("processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd asimddp i8mm\n");
  EXPECT_THAT(arm["flags"].get<std::vector<std::string>>(), ElementsAre("asimddp", "i8mm"));
}

}  // namespace
}  // namespace plimsoll::bench
