// Hours of use in one process: questions whose answers are known, pictures in turns, cancels, unloads,
// pressure storms, limits changed at run time. Fails on a wrong answer, a ledger that does not add up, a call
// that blocked its caller (1 ms or more, of those documented as not blocking), and on growth: the robust
// slope of the footprint over the run, its first tenth left out.
//
//   bench_soak [MINUTES [SEED]]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/soak/soak.h"
#include "memory/heap.h"
#include "plimsoll/size.h"

namespace {

using namespace plimsoll;
using bench::Soak;
using bench::Tally;
using Clock = std::chrono::steady_clock;

constexpr double kMostGrowthBytes = 8.0 * kMiB;

// What the run added, by its slope.
double growth_bytes(const Tally& tally) {
  const auto& all = tally.footprints;
  const std::vector<prove::Point> settled(all.begin() + static_cast<std::ptrdiff_t>(all.size() / 10),
                                          all.end());
  if (settled.size() < 2) return 0;
  return prove::theil_sen_slope(settled) * (settled.back().x - settled.front().x);
}

void print_state(const Tally& tally, std::chrono::seconds elapsed) {
  const double footprint = tally.footprints.empty() ? 0 : tally.footprints.back().y;
  std::printf("%6.1f min", std::chrono::duration<double, std::ratio<60>>(elapsed).count());
  for (std::size_t i = 0; i < tally.acts.size(); ++i)
    std::printf(", %d %s", tally.acts[i], bench::kActNames[i]);
  std::printf("; %d right answers, %d faults; footprint %s\n", tally.answers, tally.fault_count,
              format_size(static_cast<std::uint64_t>(footprint)).c_str());
  std::fflush(stdout);
}

bool print_verdict(const Tally& tally) {
  for (const std::string& fault : tally.faults) std::printf("fault: %s\n", fault.c_str());
  for (const auto& [name, ms] : tally.longest_ms) std::printf("longest %-26s %.4f ms\n", name.c_str(), ms);
  const double growth = growth_bytes(tally);
  std::printf("growth over the run %+.2f MiB (less than %.0f is taken for none), %zu footprints\n",
              growth / kMiB, kMostGrowthBytes / kMiB, tally.footprints.size());
  const bool well = tally.fault_count == 0 && growth < kMostGrowthBytes && tally.answers > 0;
  std::puts(well ? "PASS" : "FAIL");
  return well;
}

}  // namespace

int main(int argc, char** argv) {
  const double minutes = argc > 1 ? std::atof(argv[1]) : 120;
  const auto seed = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 1);
  if (!(minutes > 0)) return std::fputs("usage: bench_soak [MINUTES [SEED]]\n", stderr), 2;
  memory::keep_heap_small();
  const auto model = find_model(std::string(kDefaultModel));
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  auto questions = bench::read_known_questions(model->text.parent_path() / "examples");
  if (!questions) return std::fprintf(stderr, "%s\n", questions.error().message.c_str()), 1;

  Soak soak(*model, std::move(*questions), seed);
  const auto began = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began); };
  auto next_line = std::chrono::seconds(60);
  while (std::chrono::duration<double, std::ratio<60>>(Clock::now() - began).count() < minutes) {
    soak.step();
    if (elapsed() < next_line) continue;
    print_state(soak.tally(), elapsed());
    next_line += std::chrono::seconds(60);
  }
  print_state(soak.tally(), elapsed());
  return print_verdict(soak.tally()) ? 0 : 1;
}
