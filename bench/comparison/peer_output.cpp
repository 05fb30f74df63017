#include "bench/comparison/peer_output.h"

#include <cstdio>
#include <cstdlib>

namespace plimsoll::bench {

namespace {

struct Sum {
  double value = 0;
  int count = 0;
};

// The numbers that follow each `key`.
Sum sum_after(std::string_view text, std::string_view key) {
  Sum sum;
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    sum.value += std::atof(std::string(text.substr(at + key.size(), 32)).c_str());
    ++sum.count;
  }
  return sum;
}

// The last line that has `key`, from its beginning.
std::string line_with(std::string_view text, std::string_view key) {
  const auto at = text.rfind(key);
  if (at == std::string_view::npos) return {};
  const auto before = text.rfind('\n', at);
  const auto begin = before == std::string_view::npos ? 0 : before + 1;
  return std::string(text.substr(begin, text.find('\n', at) - begin));
}

}  // namespace

// "0.05.368.211 I encoding mtmd batch, n_chunks = 1 (done = 1, total = 5)"
Measured peer_tiles(std::string_view log) {
  const Sum tiles = sum_after(log, "encoding mtmd batch, n_chunks = ");
  if (tiles.value <= 0) return missing("llama-mtmd-cli printed no batch of tiles");
  return tiles.value;
}

// "0.09.954.594 I mtmd batch encoding done in 4586 ms"
Measured peer_encode_ms_per_tile(std::string_view log) {
  const Measured tiles = peer_tiles(log);
  if (!tiles) return tiles;
  const Sum ms = sum_after(log, "mtmd batch encoding done in ");
  if (ms.count == 0 || ms.value <= 0) return missing("llama-mtmd-cli printed no encode time");
  return ms.value / *tiles;
}

// "0.05.107.098 I main: loading model: FILE", which is printed when that is over. Minutes, seconds,
// milliseconds, microseconds.
Measured peer_load_ms(std::string_view log) {
  int minutes = 0, seconds = 0, ms = 0, us = 0;
  const std::string line = line_with(log, "main: loading model: ");
  if (std::sscanf(line.c_str(), "%d.%d.%d.%d", &minutes, &seconds, &ms, &us) != 4)
    return missing("llama-mtmd-cli printed no time of its load");
  return (minutes * 60 + seconds) * 1000.0 + ms + us / 1000.0;
}

Measured peer_tokens_per_second(std::string_view json, const char* key, int tokens) {
  const Json tests = Json::parse(json, nullptr, false);
  if (!tests.is_array()) return missing("llama-bench printed no JSON");
  for (const Json& test : tests) {
    if (test.is_object() && test.value(key, 0) == tokens && test.contains("avg_ts"))
      return test["avg_ts"].get<double>();
  }
  return missing(std::string("llama-bench made no test with ") + key + " " + std::to_string(tokens));
}

}  // namespace plimsoll::bench
