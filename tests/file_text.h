// A whole file as one string.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace plimsoll::test {

/// Empty where it can not be read.
inline std::string file_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace plimsoll::test
