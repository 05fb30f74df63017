#include "server/media_blame.h"

#include <gtest/gtest.h>
#include <plimsoll/size.h>

#include <vector>

namespace plimsoll::server {
namespace {

constexpr SentRequest kText{.id = 1, .is_heard_of = true};
constexpr SentRequest kPicture{.id = 2, .media = MediaKind::picture, .is_heard_of = true};
constexpr SentRequest kVideo{.id = 3, .media = MediaKind::video, .is_heard_of = true};
constexpr SentRequest kSeen{.id = 4, .media = MediaKind::picture, .is_seen = true, .is_heard_of = true};
constexpr MediaMemory kMuch{.is_loaded = true, .held_bytes = 200 * kMiB, .planned_bytes = 7 * kMiB};
constexpr MediaMemory kAsPlanned{.is_loaded = true, .held_bytes = 7 * kMiB, .planned_bytes = 7 * kMiB};

std::optional<std::uint64_t> blamed(const std::vector<SentRequest>& sent, const MediaMemory& memory) {
  return request_to_blame(sent, memory);
}

TEST(MediaBlame, BeyondThePlanIsHalfAsMuchAgainAndEightMebibytesAtTheLeast) {
  const auto beyond = [](std::size_t held, std::size_t planned) {
    return is_beyond_plan({.held_bytes = held, .planned_bytes = planned});
  };
  EXPECT_FALSE(beyond(15 * kMiB, 7 * kMiB));
  EXPECT_TRUE(beyond(15 * kMiB + 1, 7 * kMiB));
  EXPECT_FALSE(beyond(60 * kMiB, 40 * kMiB));
  EXPECT_TRUE(beyond(60 * kMiB + 1, 40 * kMiB));
  EXPECT_FALSE(beyond(8 * kMiB, 0)) << "no plan";
}

TEST(MediaBlame, ThePictureThatTookMoreThanWasPlannedIsToBlame) {
  EXPECT_EQ(blamed({kPicture}, kMuch), 2U);
  EXPECT_EQ(blamed({kPicture}, kAsPlanned), std::nullopt);
}

TEST(MediaBlame, AlsoWhileTheModelIsStillLoaded) {
  MediaMemory loading = kMuch;
  loading.is_loaded = false;
  EXPECT_EQ(blamed({kPicture}, loading), 2U);
}

TEST(MediaBlame, TheFirstThatIsStillSeeingIs) {
  EXPECT_EQ(blamed({kText, kSeen, kVideo, kPicture}, kMuch), 3U);
}

TEST(MediaBlame, WithoutAPictureInTheWorksNobodyIs) {
  EXPECT_EQ(blamed({}, kMuch), std::nullopt);
  EXPECT_EQ(blamed({kText, kSeen}, kMuch), std::nullopt);
}

TEST(MediaBlame, AWorkerThatDiedBeforeItSaidAWordDiedOfThePicture) {
  SentRequest unheard = kPicture;
  unheard.is_heard_of = false;
  MediaMemory memory = kAsPlanned;
  memory.held_bytes = 0;
  EXPECT_EQ(blamed({unheard}, memory), 2U);
  memory.is_loaded = false;
  EXPECT_EQ(blamed({unheard}, memory), std::nullopt) << "it may have died of the load";
}

}  // namespace
}  // namespace plimsoll::server
