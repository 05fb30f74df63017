#include <cstdio>

#include "bench/comparison/peer_output.h"
#include "bench/comparison/question.h"
#include "bench/comparison/sections.h"
#include "bench/threads.h"

namespace plimsoll::bench {

Figures measure_text(const Setting& setting) {
  Samples our_prefill, our_decode, our_prompt, peer_prefill, peer_decode;
  for (int i = 1; i <= setting.rounds; ++i) {
    std::fprintf(stderr, "compare: language model, round %d of %d\n", i, setting.rounds);
    const Printed speeds = run_for_json({setting.ours + "/bench_text_speed", setting.text()});
    our_prefill.add(number_at(speeds, "/prefill_tokens_per_second"));
    our_decode.add(number_at(speeds, "/decode_tokens_per_second"));
    our_prompt.add(number_at(speeds, "/prompt_tokens"));
    const Finished peer = run({setting.peer + "/llama-bench", "-m", setting.text(), "-p", "256", "-n", "64",
                               "-t", std::to_string(kThreads), "-r", "1", "-o", "json"});
    peer_prefill.add(peer_tokens_per_second(peer.out, "n_prompt", 256));
    peer_decode.add(peer_tokens_per_second(peer.out, "n_gen", 64));
  }
  Figure prefill = figure_of("tokens/s", our_prefill, peer_prefill);
  if (const Measured tokens = our_prompt.median()) prefill.details["our_prompt_tokens"] = *tokens;
  return {{"prefill_tokens_per_second", prefill},
          {"decode_tokens_per_second", figure_of("tokens/s", our_decode, peer_decode)}};
}

}  // namespace plimsoll::bench
