#include <cstdio>

#include "bench/comparison/question.h"
#include "bench/comparison/sections.h"

namespace plimsoll::bench {

namespace {

// Printed under `key`: {"first_ms": [...], "later_ms": [...], "hits": n}
Figure figure_from(const Printed& printed, const std::string& key) {
  Figure figure =
      figure_of("ms", numbers_at(printed, key + "/later_ms"), numbers_at(printed, key + "/first_ms"));
  figure.details["peer_is"] = "our own first question";
  figure.details["hits"] = value_at(printed, key + "/hits");
  return figure;
}

}  // namespace

Figures measure_second_question(const Setting& setting) {
  std::fprintf(stderr, "compare: the second question about a picture\n");
  const Printed printed = run_for_json({setting.ours + "/bench_second_question", setting.text(),
                                        setting.one_tile("q8_0"), std::to_string(setting.rounds)});
  return {{"second_question", figure_from(printed, "/one")},
          {"second_question_of_four", figure_from(printed, "/of_four")}};
}

}  // namespace plimsoll::bench
