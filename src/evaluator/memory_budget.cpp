#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

// What may still be taken below each bound that counts memory when it is written to: the device's, and that
// of an assumed smaller one. Empty where nothing is known.
std::vector<MeasuredRoom> rooms_of_device(const ProcessFootprint& process,
                                          std::uint64_t device_memory_bytes) {
  std::vector<MeasuredRoom> rooms;
  const auto device = read_device_memory();
  if (!device) return rooms;
  const std::size_t share = kKernelShareBytes + device->effective_bytes / 100 * kKernelSharePercent;
  for (const MemoryBound& bound : device->bounds) {
    rooms.push_back({less(bound.available_bytes, share), bound.limit_bytes, bound.source});
  }
  if (device_memory_bytes > 0 && device_memory_bytes < device->effective_bytes) {
    const std::size_t for_an_app = device_memory_bytes / 4 * 3;
    rooms.push_back({less(for_an_app, process.resident_bytes), for_an_app,
                     "the assumed device memory of " + format_size(device_memory_bytes)});
  }
  return rooms;
}

// Limits of this process count memory as soon as it is mapped. Open where there is none.
MeasuredRoom room_below(decltype(RLIMIT_AS) resource, std::size_t used, const char* name) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {kOpen, kOpen, name};
  return {less(limit.rlim_cur, used), limit.rlim_cur, name};
}
MeasuredRoom address_room(const ProcessFootprint& process) {
  return room_below(RLIMIT_AS, process.virtual_bytes, "RLIMIT_AS");
}
MeasuredRoom data_room(const ProcessFootprint& process) {
  return room_below(RLIMIT_DATA, process.data_bytes, "RLIMIT_DATA");
}

MeasuredRoom less(MeasuredRoom room, std::size_t take) {
  if (room.growth_bytes != kOpen) room.growth_bytes = less(room.growth_bytes, take);
  return room;
}

MeasuredRoom tightest(const std::vector<MeasuredRoom>& rooms) {
  const auto least = std::min_element(rooms.begin(), rooms.end(), [](const auto& a, const auto& b) {
    return a.growth_bytes < b.growth_bytes;
  });
  return least == rooms.end() ? MeasuredRoom{kOpen, kOpen, {}} : *least;
}

}  // namespace

MeasuredRoom measure_room(std::uint64_t device_memory_bytes, const PendingMemory& pending) {
  const ProcessFootprint process = read_process_footprint().value_or(ProcessFootprint{});
  auto rooms = rooms_of_device(process, device_memory_bytes);
  for (MeasuredRoom& room : rooms) room = less(std::move(room), pending.bytes());
  for (auto&& room : {address_room(process), data_room(process)}) {
    rooms.push_back(less(room, pending.promised_bytes));
  }
  return tightest(rooms);
}

MemoryBudget measure_budget(const MemoryPool& pool, std::uint64_t device_memory_bytes) {
  MemoryBudget budget{.line_bytes = pool.memory_limit()};
  const ProcessFootprint process = read_process_footprint().value_or(ProcessFootprint{});
  budget.footprint_bytes = process.resident_bytes;
  auto rooms = rooms_of_device(process, device_memory_bytes);
  rooms.push_back(less(address_room(process), stacks_to_come_bytes()));
  budget.growth_bytes = tightest(rooms).growth_bytes;
  const MeasuredRoom data = less(data_room(process), stacks_to_come_bytes());
  if (data.growth_bytes != kOpen) budget.private_bytes = data.growth_bytes;
  return budget;
}

}  // namespace plimsoll
