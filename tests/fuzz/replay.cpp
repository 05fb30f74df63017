// Feeds a target with files, so that what was found once is checked by every compiler:
//   fuzz_TARGET FILE_OR_FOLDER...
#include <filesystem>
#include <vector>

#include "tests/file_text.h"
#include "tests/fuzz/expect.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  return files;
}

void feed(const fs::path& path) {
  const std::string bytes = plimsoll::test::file_text(path);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& path : files_in(argv[i])) {
      std::cout << path.string() << std::endl;  // the last one said is the one that ended it
      feed(path);
      ++count;
    }
  }
  std::cout << count << " inputs\n";
  return count > 0 ? 0 : 1;
}
