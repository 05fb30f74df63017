#include "base/work_thread.h"

#include <gtest/gtest.h>
#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#endif

#include <memory>
#include <vector>

namespace plimsoll {
namespace {

TEST(WorkThread, DoesThingsInOrder) {
  std::vector<int> done;
  WorkThread thread(WorkThread::Priority::normal);
  for (int i = 0; i < 100; ++i) thread.post([&done, i] { done.push_back(i); });
  thread.finish();
  ASSERT_EQ(done.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(WorkThread, FinishesWhatWorkPostsInTurn) {
  bool last = false;
  WorkThread thread(WorkThread::Priority::low);
  thread.post([&] { thread.post([&] { thread.post([&] { last = true; }); }); });
  thread.finish();
  EXPECT_TRUE(last);
}

#if defined(__linux__)
TEST(WorkThread, OfLowPriorityGivesWayToAllOthers) {
  const auto nice_of = [](WorkThread::Priority priority) {
    int nice = 0;
    WorkThread thread(priority);
    thread.post([&] { nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); });
    thread.finish();
    return nice;
  };
  EXPECT_EQ(nice_of(WorkThread::Priority::low), 19);
  EXPECT_EQ(nice_of(WorkThread::Priority::normal), getpriority(PRIO_PROCESS, 0));
}
#endif

TEST(WorkThread, IgnoresWhatIsPostedAfterTheEnd) {
  bool done = false;
  WorkThread thread(WorkThread::Priority::normal);
  thread.finish();
  thread.post([&] { done = true; });
  thread.finish();
  EXPECT_FALSE(done);
}

TEST(WorkThread, LetsGoOfWhatWorkCaptured) {
  auto captured = std::make_shared<int>(1);
  WorkThread thread(WorkThread::Priority::normal);
  thread.post([captured] {});
  thread.finish();
  EXPECT_EQ(captured.use_count(), 1);
}

}  // namespace
}  // namespace plimsoll
