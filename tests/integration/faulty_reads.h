// Reads that fail: this program's own read, pread and fopen stand before the C library's, and fail at one
// file as they are told. For the whole process, so one at a time.
#pragma once

#include <filesystem>

namespace plimsoll::test {

enum class ReadFault {
  fails_once,     // EIO
  keeps_failing,  // EIO, and at each one after it
  short_once,     // half of what was asked for, as any read may
  ends_once,      // as if the file ended there
};

/// While one lives, the `nth` read of `file`, counted from 1, is disturbed. 0: only counts.
class FaultyReads {
 public:
  FaultyReads(const std::filesystem::path& file, ReadFault fault, int nth);
  ~FaultyReads();
  FaultyReads(const FaultyReads&) = delete;
  FaultyReads& operator=(const FaultyReads&) = delete;

  int seen() const;
};

}  // namespace plimsoll::test
