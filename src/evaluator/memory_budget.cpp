#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>

#include "plimsoll/device.h"
#include "plimsoll/evaluator.h"

namespace plimsoll {

namespace {

// Page tables, sockets, file pages of the program that are in use: what counts against a cgroup beside us.
constexpr std::size_t kKernelShareBytes = 8 * kMiB;
constexpr std::size_t kKernelSharePercent = 2;
// What glibc gives a thread's stack where RLIMIT_STACK says nothing else.
constexpr std::size_t kUsualStackBytes = 8 * kMiB;

constexpr std::size_t kOpen = std::numeric_limits<std::size_t>::max();

std::size_t less(std::size_t from, std::size_t take) { return from - std::min(from, take); }

// Of threads that are still to come, counted against the process as soon as they are mapped: the engine's,
// one that reads layers, one of libvips.
std::size_t stacks_to_come_bytes() {
  rlimit limit{};
  const bool known = getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return (std::thread::hardware_concurrency() + 1) * (known ? limit.rlim_cur : kUsualStackBytes);
}

std::size_t room_below(decltype(RLIMIT_AS) resource, std::size_t used) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kOpen;
  return less(limit.rlim_cur, used + stacks_to_come_bytes());
}

}  // namespace

MemoryBudget measure_budget(const MemoryPool& pool, std::uint64_t device_memory_bytes) {
  MemoryBudget budget{.line_bytes = pool.memory_limit()};
  const ProcessFootprint process = read_process_footprint().value_or(ProcessFootprint{});
  budget.footprint_bytes = process.resident_bytes;
  budget.growth_bytes = kOpen;
  if (const auto device = read_device_memory()) {
    const std::size_t share = kKernelShareBytes + device->effective_bytes / 100 * kKernelSharePercent;
    budget.growth_bytes = less(device->available_bytes, share);
    if (device_memory_bytes > 0 && device_memory_bytes < device->effective_bytes) {
      budget.growth_bytes = std::min<std::size_t>(budget.growth_bytes,
                                                  less(device_memory_bytes / 4 * 3, process.resident_bytes));
    }
  }
  budget.growth_bytes = std::min(budget.growth_bytes, room_below(RLIMIT_AS, process.virtual_bytes));
  const std::size_t data = room_below(RLIMIT_DATA, process.data_bytes);
  if (data != kOpen) budget.private_bytes = data;
  return budget;
}

}  // namespace plimsoll
