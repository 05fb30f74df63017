// Model files: what is read of them before anything else touches them.
#include <sys/mman.h>
#include <unistd.h>

#include "base/file_descriptor.h"
#include "engine/model_files.h"
#include "tests/fuzz/expect.h"

using namespace plimsoll;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const FileDescriptor file(::memfd_create("model", MFD_CLOEXEC));
  fuzz::expect(::write(file.get(), data, size) == static_cast<ssize_t>(size), "memory for a file");
  const auto summary = engine::read_model_file("/proc/self/fd/" + std::to_string(file.get()));
  if (!summary) {
    fuzz::expect(summary.error().code == ErrorCode::invalid_argument, "blame of the file",
                 summary.error().message);
    fuzz::expect_sentence(summary.error().message);
    return 0;
  }
  // A weight takes an eighth of a byte at least; nothing that is promised may lie beyond the file.
  fuzz::expect(summary->parameters / 8 <= size, "no more weights than the file has room for");
  fuzz::expect(engine::tokens_of_tile(*summary) > 0, "a tile of some tokens");
  return 0;
}
