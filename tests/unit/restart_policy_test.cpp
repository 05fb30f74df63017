#include "server/restart_policy.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

using namespace std::chrono_literals;

class RestartPolicyTest : public testing::Test {
 protected:
  void run_for(std::chrono::milliseconds time, DeathCause cause = DeathCause::defect) {
    policy_.started(now_);
    now_ += time;
    policy_.died(now_, cause);
  }
  std::chrono::milliseconds pause() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(policy_.next_start().value() - now_);
  }

  RestartPolicy policy_;
  RestartPolicy::Clock::time_point now_{1h};
};

TEST_F(RestartPolicyTest, StartsAgainAtOnce) {
  run_for(1h);
  EXPECT_EQ(pause(), 0ms);
  run_for(1h);
  EXPECT_EQ(pause(), 0ms);
}

TEST_F(RestartPolicyTest, EarlyDeathsInARowPauseLongerAndThenWaitForARequest) {
  for (const auto expected : {0ms, 250ms, 500ms, 1000ms}) {
    run_for(1s);
    EXPECT_EQ(pause(), expected);
  }
  run_for(1s);
  EXPECT_FALSE(policy_.next_start());
  now_ += 1h;
  policy_.wanted(now_);
  EXPECT_EQ(pause(), 0ms);
  run_for(1s);
  EXPECT_FALSE(policy_.next_start()) << "one try a request";
}

TEST_F(RestartPolicyTest, ALongLifeForgetsEarlyDeaths) {
  for (int i = 0; i < 4; ++i) run_for(1s);
  run_for(RestartPolicy::kEarly);
  EXPECT_EQ(pause(), 0ms);
  run_for(1s);
  EXPECT_EQ(pause(), 0ms);
}

TEST_F(RestartPolicyTest, AWishChangesNothingWhileAStartIsDue) {
  for (int i = 0; i < 4; ++i) run_for(1s);
  policy_.wanted(now_);
  EXPECT_EQ(pause(), 1000ms);
}

TEST_F(RestartPolicyTest, AStartForARequestKeepsADistanceFromTheLatestDeath) {
  for (int i = 0; i < RestartPolicy::kMostEarlyDeaths; ++i) run_for(1s);
  policy_.wanted(now_);
  EXPECT_EQ(pause(), RestartPolicy::kPauseForRequest);
  policy_.wanted(now_ + 250ms);
  EXPECT_EQ(pause(), RestartPolicy::kPauseForRequest) << "a second request changes nothing";
}

TEST_F(RestartPolicyTest, HoweverManyDiedARequestStartsTheNext) {
  for (int deaths = 0; deaths < 20; ++deaths) {
    run_for(1s, DeathCause::memory);
    policy_.wanted(now_);
    ASSERT_TRUE(policy_.next_start());
    EXPECT_LE(pause(), 1s);
  }
}

TEST_F(RestartPolicyTest, ADeathForARequestsPictureIsNoEarlyOne) {
  for (int i = 0; i < 20; ++i) run_for(1s, DeathCause::media);
  EXPECT_EQ(pause(), 0ms);
  for (int i = 0; i < RestartPolicy::kMostEarlyDeaths - 1; ++i) run_for(1s);
  run_for(1s, DeathCause::media);
  EXPECT_EQ(pause(), 0ms);
  run_for(1s);
  EXPECT_FALSE(policy_.next_start()) << "nor does it forget those before";
}

TEST_F(RestartPolicyTest, BeforeAnyDeathAWishIsGrantedAtOnce) {
  policy_.wanted(now_);
  EXPECT_EQ(pause(), 0ms);
}

}  // namespace
}  // namespace plimsoll::server
