#include "tests/integration/faulty_reads.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>

namespace plimsoll::test {

namespace {

// Written while no disturbed file is being read.
struct Plan {
  std::atomic<bool> active = false;
  std::string file;
  ReadFault fault = ReadFault::fails_once;
  int nth = 0;
  std::atomic<int> seen = 0;
};
Plan plan;

template <typename Function>
Function* next_in_line(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_watched(int descriptor) {
  if (!plan.active) return false;
  std::array<char, 4096> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  return length > 0 && plan.file == std::string(target.data(), static_cast<std::size_t>(length));
}

// `read` does the real thing with at most so many bytes.
template <typename Read>
ssize_t disturbed(int descriptor, std::size_t bytes, Read read) {
  if (!is_watched(descriptor)) return read(bytes);
  const int now = ++plan.seen;
  const bool struck = now == plan.nth || (plan.fault == ReadFault::keeps_failing && now >= plan.nth);
  if (plan.nth == 0 || !struck) return read(bytes);
  if (plan.fault == ReadFault::short_once) return read(std::max<std::size_t>(bytes / 2, 1));
  if (plan.fault == ReadFault::ends_once) return 0;
  errno = EIO;
  return -1;
}

}  // namespace

FaultyReads::FaultyReads(const std::filesystem::path& file, ReadFault fault, int nth) {
  plan.file = std::filesystem::canonical(file).string();
  plan.fault = fault;
  plan.nth = nth;
  plan.seen = 0;
  plan.active = true;
}
FaultyReads::~FaultyReads() { plan.active = false; }

int FaultyReads::seen() const { return plan.seen; }

}  // namespace plimsoll::test

// The C library's buffered files read with a function that nobody can stand before; a cookie's can be ours.
namespace {

ssize_t cookie_read(void* cookie, char* target, std::size_t bytes) {
  return read(static_cast<int>(reinterpret_cast<std::intptr_t>(cookie)), target, bytes);
}
int cookie_seek(void* cookie, off64_t* offset, int whence) {
  *offset = lseek(static_cast<int>(reinterpret_cast<std::intptr_t>(cookie)), *offset, whence);
  return *offset < 0 ? -1 : 0;
}
int cookie_close(void* cookie) { return close(static_cast<int>(reinterpret_cast<std::intptr_t>(cookie))); }

}  // namespace

extern "C" {

ssize_t read(int descriptor, void* target, std::size_t bytes) {
  static auto* const real = plimsoll::test::next_in_line<ssize_t(int, void*, std::size_t)>("read");
  return plimsoll::test::disturbed(descriptor, bytes,
                                   [&](std::size_t count) { return real(descriptor, target, count); });
}

ssize_t pread(int descriptor, void* target, std::size_t bytes, off_t offset) {
  static auto* const real = plimsoll::test::next_in_line<ssize_t(int, void*, std::size_t, off_t)>("pread");
  return plimsoll::test::disturbed(
      descriptor, bytes, [&](std::size_t count) { return real(descriptor, target, count, offset); });
}

FILE* fopen(const char* path, const char* mode) {
  static auto* const real = plimsoll::test::next_in_line<FILE*(const char*, const char*)>("fopen");
  std::error_code error;
  if (!plimsoll::test::plan.active || plimsoll::test::plan.file != std::filesystem::canonical(path, error))
    return real(path, mode);
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  FILE* file = fopencookie(reinterpret_cast<void*>(std::intptr_t{descriptor}), mode,
                           {cookie_read, nullptr, cookie_seek, cookie_close});
  constexpr std::size_t kBuffer = 64 * 1024;
  std::setvbuf(file, nullptr, _IOFBF, kBuffer);
  return file;
}

}  // extern "C"
