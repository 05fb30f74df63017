// Ends another thread's poll(2): a pipe to itself. Thread-safe.
#pragma once

#include "base/file_descriptor.h"

namespace plimsoll::pressure {

class WakePipe {
 public:
  /// Where the process has no descriptor left, descriptor() is negative, which poll(2) passes over.
  WakePipe();

  /// Readable (POLLIN) from wake() until drain().
  int descriptor() const { return read_.get(); }
  void wake() noexcept;
  void drain() noexcept;

 private:
  FileDescriptor read_;
  FileDescriptor write_;
};

/// Reads all that waits in a descriptor that does not block. False at its end: nothing will follow.
bool drain_descriptor(int descriptor) noexcept;

}  // namespace plimsoll::pressure
