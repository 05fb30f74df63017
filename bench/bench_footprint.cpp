// Peak footprint and whole time of one question about one picture: ours against llama-mtmd-cli's defaults, on
// the same files, alternately, as the kernel accounts for the finished process (wait4: ru_maxrss).
//
//   bench_footprint PLIMSOLL LLAMA_MTMD_CLI TEXT.gguf MMPROJ.gguf PICTURE [ROUNDS]
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/child_process.h"
#include "bench/median.h"

namespace {

struct Run {
  double peak_mib = 0;
  double seconds = 0;
};

Run run(const std::vector<std::string>& command) {
  const auto finished = plimsoll::bench::run(command);
  if (!finished.well()) {
    std::fprintf(stderr, "%s did not end well (status %d)\n", command[0].c_str(), finished.status);
    std::exit(1);
  }
  return {static_cast<double>(finished.usage.ru_maxrss) / 1024, finished.seconds};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fputs("usage: bench_footprint PLIMSOLL LLAMA_MTMD_CLI TEXT.gguf MMPROJ.gguf PICTURE [ROUNDS]\n",
               stderr);
    return 2;
  }
  const int rounds = argc > 6 ? std::atoi(argv[6]) : 5;
  const std::string question = "Describe this image.", tokens = "32";
  const std::vector<std::string> ours = {
      argv[1],   "run",   "--device-memory", "4GiB",  "--temperature", "0",     "--max-tokens", tokens,
      "--model", argv[3], "--mmproj",        argv[4], "--image",       argv[5], question};
  const std::vector<std::string> peer = {argv[2], "-m",     argv[3],  "--mmproj", argv[4], "--image", argv[5],
                                         "-p",    question, "--temp", "0",        "-n",    tokens};
  std::vector<double> our_peak, our_seconds, peer_peak, peer_seconds;
  for (int i = 0; i < rounds; ++i) {
    const Run a = run(ours), b = run(peer);
    our_peak.push_back(a.peak_mib), our_seconds.push_back(a.seconds);
    peer_peak.push_back(b.peak_mib), peer_seconds.push_back(b.seconds);
  }
  using plimsoll::bench::median;
  std::printf(
      "peak footprint  plimsoll (standard class) %7.1f MiB   llama-mtmd-cli (default) %7.1f MiB   ratio "
      "%.3f\n",
      median(our_peak), median(peer_peak), median(our_peak) / median(peer_peak));
  std::printf(
      "whole run       plimsoll (standard class) %7.2f s     llama-mtmd-cli (default) %7.2f s     ratio "
      "%.3f\n",
      median(our_seconds), median(peer_seconds), median(our_seconds) / median(peer_seconds));
  return 0;
}
