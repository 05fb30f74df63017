#include <array>
#include <cstdio>

#include "bench/comparison/question.h"
#include "bench/comparison/sections.h"

namespace plimsoll::bench {

namespace {

constexpr std::array kPhases{"load", "image_decode", "encode", "prefill", "decode"};
constexpr const char* kNoPeer =
    "llama.cpp's tools can not be told to stop in the middle of this and go on with another question";

// Time from the 500M model; whether the next answer was right from the bundled one, whose answers mean
// something.
Figure figure_from(const Printed& timed, const Printed& checked, const std::string& phase) {
  const std::string at = "/" + phase;
  Figure figure{"ms", number_at(timed, at + "/p99_ms"), missing(kNoPeer)};
  for (const char* key : {"p50_ms", "max_ms", "cancels", "attempts"})
    figure.details[key] = value_at(timed, at + "/" + key);
  figure.details["checked_cancels"] = value_at(checked, at + "/cancels");
  figure.details["wrong_answers"] = value_at(checked, at + "/wrong_answers");
  figure.details["checked_p99_ms"] = value_at(checked, at + "/p99_ms");
  return figure;
}

}  // namespace

Figures measure_cancels(const Setting& setting) {
  std::fprintf(stderr, "compare: cancels, 500M\n");
  const std::string program = setting.ours + "/bench_cancel", count = std::to_string(setting.cancels);
  const Printed timed = run_for_json({program, count, setting.text(), setting.one_tile("q8_0")});
  std::fprintf(stderr, "compare: cancels and the answer after each, bundled model\n");
  const Printed checked = run_for_json({program, count, "plimsoll-tiny", "--check", setting.example});
  Figures figures;
  for (const char* phase : kPhases) figures.emplace_back(phase, figure_from(timed, checked, phase));
  return figures;
}

}  // namespace plimsoll::bench
