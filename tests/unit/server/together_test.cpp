// A server whose engine writes several answers at once.
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "tests/unit/server/served.h"

namespace plimsoll::test {
namespace {

class Together : public Served {
 protected:
  void start_with(std::size_t at_once, std::size_t max_queue) {
    engine_.answer_at_once(at_once);
    engine_.hold();
    server::ServerOptions options;
    options.max_queue = max_queue;
    start(std::move(options));
  }
  std::future<Reply> asked() {
    return std::async(std::launch::async, [this] { return post(kHello); });
  }
  Json queue() { return Json::parse(get("/health").body)["queue"]; }
};

TEST_F(Together, AsManyAreAnsweredAsMayBe) {
  start_with(2, 4);
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 3; ++i) replies.push_back(asked());
  engine_.wait_until_running(2);
  wait_for_queue(1);
  EXPECT_EQ(engine_.request_count(), 2U);
  EXPECT_EQ(queue()["running"], 2);
  engine_.let_go();
  for (auto& reply : replies) EXPECT_EQ(reply.get().status, 200);
  EXPECT_EQ(engine_.request_count(), 3U);
}

TEST_F(Together, TheQueueBeginsBehindAllOfThem) {
  start_with(2, 1);
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 3; ++i) replies.push_back(asked());
  engine_.wait_until_running(2);
  wait_for_queue(1);
  const Reply refused = post(kHello);
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  engine_.let_go();
  for (auto& reply : replies) EXPECT_EQ(reply.get().status, 200);
}

TEST_F(Together, WhoeverLeavesTakesNobodyAlong) {
  start_with(2, 4);
  RawClient gone(port());
  gone.send(request_text("POST", kChat, kHello));
  engine_.wait_until_running(1);
  auto kept = asked();
  engine_.wait_until_running(2);
  gone.leave();
  engine_.wait_until_cancelled();
  EXPECT_EQ(kept.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  engine_.let_go();
  EXPECT_EQ(kept.get().status, 200);
}

// A plan that turned out smaller: what waits is begun one by one.
TEST_F(Together, FewerAreBegunWhereThereIsRoomForFewer) {
  start_with(3, 4);
  auto first = asked();
  engine_.wait_until_running(1);
  engine_.answer_at_once(1);
  auto second = asked();
  wait_for_queue(1);
  EXPECT_EQ(engine_.request_count(), 1U);
  engine_.let_go();
  EXPECT_EQ(first.get().status, 200);
  EXPECT_EQ(second.get().status, 200);
}

}  // namespace
}  // namespace plimsoll::test
