#include "bench/comparison/machine.h"

#include <plimsoll/device.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace plimsoll::bench {

namespace {

// x86, then ARM, as Linux spells them.
constexpr std::array kFlagsThatMatter{"avx2",     "fma",      "f16c",        "avx_vnni",    "avx512f",
                                      "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
                                      "amx_bf16", "amx_int8", "asimddp",     "asimdhp",     "i8mm",
                                      "bf16",     "sve",      "sve2"};

// "key\t: value" of the first line that begins so.
std::string value_of(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with(key) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

std::size_t count_of(const std::string& text, std::string_view line_start) {
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with(line_start) ? 1U : 0U;
  return count;
}

std::string text_of(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

Json cpu_json(std::string_view cpuinfo) {
  const std::string text(cpuinfo);
  std::istringstream words(value_of(text, "flags") + " " + value_of(text, "Features"));
  Json flags = Json::array();
  for (std::string word; words >> word;) {
    if (std::ranges::find(kFlagsThatMatter, word) != kFlagsThatMatter.end()) flags.push_back(word);
  }
  return {{"cpu", value_of(text, "model name")},
          {"processors", count_of(text, "processor")},
          {"flags", std::move(flags)}};
}

Json machine_json() {
  Json machine = cpu_json(text_of("/proc/cpuinfo"));
  const auto memory = read_device_memory();
  machine["memory_bytes"] = memory ? Json(memory->effective_bytes) : Json(nullptr);
  machine["load_before"] = std::atof(text_of("/proc/loadavg").c_str());
  return machine;
}

}  // namespace plimsoll::bench
