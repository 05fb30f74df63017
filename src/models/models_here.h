// Which models are on this machine. Reads folders, not the files in them; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace plimsoll::models {

struct ModelHere {
  std::string name;
  std::filesystem::path folder;
  std::uint64_t bytes = 0;   // of its GGUF files, linked ones included
  std::string repository{};  // where it was pulled from; empty: it came another way
  bool complete = true;      // false: a pull was interrupted
  bool lost = false;         // a link whose end is gone
};

/// One for each name, in the order of the folders, as find_model() would take it.
std::vector<ModelHere> models_in(const std::vector<std::filesystem::path>& folders);

}  // namespace plimsoll::models
