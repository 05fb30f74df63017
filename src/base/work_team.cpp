#include "base/work_team.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace plimsoll {

bool share_work(std::size_t count, int threads, const std::function<void(std::size_t index)>& work,
                const std::function<bool(std::size_t done)>& go_on) {
  std::atomic<std::size_t> next = 0, done = 0;
  std::atomic<bool> stopped = false;
  const auto do_one = [&] {
    const std::size_t index = stopped ? count : next.fetch_add(1);
    if (index >= count) return false;
    work(index);
    ++done;
    return true;
  };
  std::vector<std::thread> others;
  try {
    for (int i = 1; i < threads && others.size() + 1 < count; ++i) {
      others.emplace_back([&] {
        while (do_one()) {
        }
      });
    }
  } catch (const std::system_error&) {
    // No room for another thread's stack: those that are there do it all.
  }
  while (do_one()) {
    if (!go_on(done)) stopped = true;
  }
  for (std::thread& other : others) other.join();
  return done == count;
}

}  // namespace plimsoll
