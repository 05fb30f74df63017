#include "engine/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace plimsoll::engine {

// What the signal handler may look at: plain atomics that are never freed.
struct MappedFile::Guard {
  std::atomic<std::uintptr_t> begin{0};  // 0: free
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> damaged{false};

  static std::array<Guard, 64> all;
  static struct sigaction previous;

  static void on_sigbus(int signal, siginfo_t* info, void* context);
  static void install();
  static Guard* take(std::byte* data, std::size_t bytes);
};

std::array<MappedFile::Guard, 64> MappedFile::Guard::all;
struct sigaction MappedFile::Guard::previous{};

// Only async-signal-safe calls: mmap is a bare system call.
void MappedFile::Guard::on_sigbus(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Guard& guard : all) {
    const std::uintptr_t begin = guard.begin.load();
    if (begin == 0 || address < begin || address >= guard.end.load()) continue;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    void* at = reinterpret_cast<void*>(address / page * page);
    if (mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
    guard.damaged.store(true);
    return;
  }
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    sigaction(signal, &previous, nullptr);  // the instruction faults again, and the default has its way
  }
}

void MappedFile::Guard::install() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
  });
}

MappedFile::Guard* MappedFile::Guard::take(std::byte* data, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  for (Guard& guard : all) {
    std::uintptr_t free = 0;
    if (guard.begin.load() != 0 || !guard.begin.compare_exchange_strong(free, begin)) continue;
    guard.damaged.store(false);
    guard.end.store(begin + bytes);
    return &guard;
  }
  return nullptr;
}

std::unique_ptr<MappedFile> MappedFile::map(int descriptor, std::size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) return nullptr;
  Guard::install();
  Guard* guard = Guard::take(static_cast<std::byte*>(data), bytes);
  if (guard == nullptr) {
    munmap(data, bytes);
    errno = EMFILE;
    return nullptr;
  }
  return std::unique_ptr<MappedFile>(new MappedFile(static_cast<std::byte*>(data), bytes, guard));
}

MappedFile::~MappedFile() {
  munmap(data_, bytes_);
  guard_->end.store(0);
  guard_->begin.store(0);
}

bool MappedFile::damaged() const { return guard_->damaged.load(); }

namespace {

// Whole pages that cover the range.
std::pair<void*, std::size_t> pages_around(std::byte* data, std::size_t offset, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t begin = offset / page * page;
  return {data + begin, offset + bytes - begin};
}

}  // namespace

void MappedFile::populate(std::size_t offset, std::size_t bytes) const {
  const auto [begin, length] = pages_around(data_, offset, bytes);
#ifdef MADV_POPULATE_READ
  if (madvise(begin, length, MADV_POPULATE_READ) == 0) return;
#endif
  madvise(begin, length, MADV_WILLNEED);
}

void MappedFile::drop(std::size_t offset, std::size_t bytes) const {
  const auto [begin, length] = pages_around(data_, offset, bytes);
  madvise(begin, length, MADV_DONTNEED);
}

void MappedFile::expect_scattered_reads(std::size_t offset, std::size_t bytes) const {
  const auto [begin, length] = pages_around(data_, offset, bytes);
  madvise(begin, length, MADV_RANDOM);
}

}  // namespace plimsoll::engine
