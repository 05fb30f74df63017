// Who still answers when memory runs out: one question about one picture inside real memory cgroups without
// swap, by plimsoll, by llama-mtmd-cli as it comes and by llama-mtmd-cli tuned by hand for little memory.
// Same files, one after the other at each size, each starting with the files out of the page cache.
//
//   bench_survival PLIMSOLL LLAMA_MTMD_CLI TEXT.gguf MMPROJ.gguf PICTURE [SIZES_MIB...]
#include <plimsoll/size.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "bench/child_process.h"
#include "tests/device_lab/memory_cgroup.h"
#include "tests/device_lab/page_cache.h"

namespace {

using plimsoll::bench::Finished;
using plimsoll::test::MemoryCgroup;
using Words = std::vector<std::string>;

constexpr std::chrono::seconds kTimeLimit(60);
constexpr double kMiB = plimsoll::kMiB;

struct Speed {
  double tokens = 0;
  double tokens_per_second = 0;
};

// The number that follows the first `key` of `text`.
std::optional<double> number_after(const std::string& text, const std::string& key) {
  const std::size_t found = text.find(key);
  if (found == std::string::npos) return std::nullopt;
  return std::atof(text.c_str() + found + key.size());
}

std::optional<Speed> our_speed(const Finished& finished) {
  const auto tokens = number_after(finished.out, "\"tokens\":"),
             speed = number_after(finished.out, "\"tokens_per_second\":");
  if (!tokens || !speed) return std::nullopt;
  return Speed{*tokens, *speed};
}

// "llama_perf_context_print:        eval time = 100.00 ms / 31 runs   ( 3.23 ms per token, 310.00 tokens per
// second)"
std::optional<Speed> peer_speed(const Finished& finished) {
  const std::string key = " eval time =";
  std::size_t line = finished.err.rfind(key);
  while (line != std::string::npos && line >= 6 && finished.err.compare(line - 6, 6, "prompt") == 0)
    line = finished.err.rfind(key, line - 1);
  if (line == std::string::npos) return std::nullopt;
  double total_ms = 0, ms_per_token = 0;
  Speed speed;
  if (std::sscanf(finished.err.c_str() + line + key.size(),
                  "%lf ms / %lf runs ( %lf ms per token, %lf tokens per second", &total_ms, &speed.tokens,
                  &ms_per_token, &speed.tokens_per_second) != 4)
    return std::nullopt;
  return speed;
}

struct Contestant {
  const char* name;
  Words command;
  std::optional<Speed> (*speed)(const Finished& finished);
};

std::array<Contestant, 3> contestants_for(const std::string& plimsoll, const std::string& peer,
                                          const Words& files, const std::string& picture) {
  const std::string &text = files[0], &mmproj = files[1], question = "Describe this image.";
  const Words ours = {plimsoll,  "run", "--json",   "--temperature", "0",       "--max-tokens", "32",
                      "--model", text,  "--mmproj", mmproj,          "--image", picture,        question};
  // -lv 4: without it the speed is not printed.
  const Words as_it_comes = {peer,     "-m", text, "--mmproj", mmproj, "--image", picture, "-p", question,
                             "--temp", "0",  "-n", "32",       "-t",   "2",       "-lv",   "4"};
  Words tuned = as_it_comes;
  for (const char* word : {"-c", "512", "-b", "64", "-ub", "64", "-fit", "off"}) tuned.emplace_back(word);
  return {Contestant{"plimsoll", ours, our_speed}, Contestant{"llama-mtmd-cli", as_it_comes, peer_speed},
          Contestant{"llama-mtmd-cli, tuned", tuned, peer_speed}};
}

std::string ending(const Finished& finished, const MemoryCgroup& group) {
  if (finished.over_time) return "over " + std::to_string(kTimeLimit.count()) + " s";
  if (WIFEXITED(finished.status)) return "exit " + std::to_string(WEXITSTATUS(finished.status));
  return group.kills() > 0 ? "killed" : "signal " + std::to_string(WTERMSIG(finished.status));
}

// Prints one row; the speed is empty when there was no answer.
std::optional<Speed> race(const Contestant& contestant, const Words& files, std::size_t size_mib) {
  const auto group = MemoryCgroup::make(size_mib * plimsoll::kMiB);
  if (!group) {
    std::fputs("no right to make a memory cgroup here (root on Linux has it)\n", stderr);
    std::exit(1);
  }
  for (const std::string& file : files) {
    if (!plimsoll::test::drop_from_page_cache(file)) {
      std::fprintf(stderr, "%s can not be read\n", file.c_str());
      std::exit(1);
    }
  }
  const Finished finished = plimsoll::bench::run(group->inside(contestant.command), {.limit = kTimeLimit});

  const auto speed = finished.well() ? contestant.speed(finished) : std::nullopt;
  constexpr double kBlock = 512;  // getrusage(2) counts blocks of this many bytes
  std::printf("%5zu  %-24s %-10s", size_mib, contestant.name, ending(finished, *group).c_str());
  if (speed && speed->tokens > 0) {
    std::printf(" %9.2f %12.1f %11.2f", speed->tokens_per_second,
                static_cast<double>(finished.usage.ru_majflt) / speed->tokens,
                static_cast<double>(finished.usage.ru_inblock) * kBlock / kMiB / speed->tokens);
  } else {
    std::printf(" %9s %12s %11s", "-", "-", "-");
  }
  std::printf(" %8.2f %9.1f\n", finished.seconds, static_cast<double>(group->peak_bytes()) / kMiB);
  std::fflush(stdout);
  return speed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fputs("usage: bench_survival PLIMSOLL LLAMA_MTMD_CLI TEXT.gguf MMPROJ.gguf PICTURE [SIZES_MIB...]\n",
               stderr);
    return 2;
  }
  const Words files = {argv[3], argv[4]};
  std::vector<std::size_t> sizes_mib = {800, 600, 500, 400, 300, 256};
  if (argc > 6) sizes_mib.clear();
  for (int i = 6; i < argc; ++i) sizes_mib.push_back(std::strtoul(argv[i], nullptr, 10));
  const auto contestants = contestants_for(argv[1], argv[2], files, argv[5]);

  std::printf("%5s  %-24s %-10s %9s %12s %11s %8s %9s\n", "MiB", "", "ended", "tokens/s", "faults/token",
              "MiB/token", "seconds", "peak MiB");
  for (const std::size_t size_mib : sizes_mib) {
    std::array<std::optional<Speed>, contestants.size()> speeds;
    for (std::size_t i = 0; i < contestants.size(); ++i) speeds[i] = race(contestants[i], files, size_mib);
    if (speeds[0] && speeds[2]) {
      std::printf("%5zu  plimsoll / tuned by hand: %.2f\n", size_mib,
                  speeds[0]->tokens_per_second / speeds[2]->tokens_per_second);
    }
  }
  return 0;
}
