#include "pressure/wake_pipe.h"

#include <fcntl.h>

#include <array>
#include <cerrno>

namespace plimsoll::pressure {

WakePipe::WakePipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) return;
  read_ = FileDescriptor(ends[0]);
  write_ = FileDescriptor(ends[1]);
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

void WakePipe::wake() noexcept {
  // A full pipe wakes as well.
  [[maybe_unused]] const auto ignored = ::write(write_.get(), "", 1);
}

void WakePipe::drain() noexcept { drain_descriptor(read_.get()); }

bool drain_descriptor(int descriptor) noexcept {
  std::array<char, 256> unread{};
  while (true) {
    const auto count = ::read(descriptor, unread.data(), unread.size());
    if (count == 0) return false;
    if (count < 0 && errno != EINTR) return errno == EAGAIN;
  }
}

}  // namespace plimsoll::pressure
