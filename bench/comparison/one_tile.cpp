#include <array>
#include <cstdio>

#include "bench/comparison/peer_output.h"
#include "bench/comparison/question.h"
#include "bench/comparison/sections.h"

namespace plimsoll::bench {

namespace {

constexpr std::array kPeerTypes{"q8_0", "bf16", "f16"};

// What a side's memory came to.
struct Footprint {
  Samples resident;
  Samples anonymous;

  void add(const Finished& finished) {
    resident.add(peak_resident_mib(finished));
    anonymous.add(peak_anonymous_mib(finished));
  }
};

struct Rounds {
  Samples our_first_word, our_load, our_encode, our_bf16_encode;
  Samples peer_first_word, peer_load;
  std::array<Samples, kPeerTypes.size()> peer_encode;
  Footprint our_memory, peer_memory, tuned_memory;
};

// With 1 token: what comes after the picture is of no interest here.
Finished our_json(const Setting& setting, const std::string& mmproj) {
  return run(with(our_question(setting, mmproj), {"--max-tokens", "1", "--json"}));
}

void run_round(const Setting& setting, Rounds& rounds) {
  const std::string mmproj = setting.one_tile("q8_0");
  for (std::size_t i = 0; i < kPeerTypes.size(); ++i) {
    const Finished peer = run_to_first_word(peer_question(setting, setting.one_tile(kPeerTypes[i])));
    rounds.peer_encode[i].add(peer_encode_ms_per_tile(peer.err));
    if (i == 0) {
      rounds.peer_first_word.add(first_word_ms(peer));
      rounds.peer_load.add(peer_load_ms(peer.err));
      rounds.peer_memory.add(peer);
      rounds.our_first_word.add(first_word_ms(run_to_first_word(our_question(setting, mmproj))));
    } else if (i == 1) {
      rounds.our_bf16_encode.add(our_encode_ms_per_tile(our_json(setting, setting.one_tile("bf16")).out));
    }
  }
  const Finished ours = our_json(setting, mmproj);
  rounds.our_encode.add(our_encode_ms_per_tile(ours.out));
  rounds.our_load.add(our_load_ms(ours.out));
  rounds.tuned_memory.add(
      run_to_first_word(with(peer_question(setting, mmproj), {"-c", "2048", "-b", "128", "-ub", "128"})));
  rounds.our_memory.add(run_to_first_word(with(our_question(setting, mmproj), {"--device-memory", "4GiB"})));
}

// The type with which the peer's encode is fastest.
std::size_t best_type(const std::array<Samples, kPeerTypes.size()>& encode) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < encode.size(); ++i) {
    const Measured ms = encode[i].median(), best_ms = encode[best].median();
    if (ms && (!best_ms || *ms < *best_ms)) best = i;
  }
  return best;
}

Figure encode_figure(const Samples& ours, const Rounds& rounds) {
  const std::size_t best = best_type(rounds.peer_encode);
  Figure figure = figure_of("ms", ours, rounds.peer_encode[best]);
  figure.details["peer_type"] = kPeerTypes[best];
  for (std::size_t i = 0; i < kPeerTypes.size(); ++i) {
    const Measured ms = rounds.peer_encode[i].median();
    figure.details["peer_by_type"][kPeerTypes[i]] = ms ? Json(*ms) : Json(nullptr);
  }
  return figure;
}

}  // namespace

Figures measure_one_tile(const Setting& setting) {
  Rounds rounds;
  for (int i = 1; i <= setting.rounds; ++i) {
    std::fprintf(stderr, "compare: one tile, round %d of %d\n", i, setting.rounds);
    run_round(setting, rounds);
  }
  return {{"encode_per_tile_ms", encode_figure(rounds.our_encode, rounds)},
          {"encode_per_tile_bf16_ms", encode_figure(rounds.our_bf16_encode, rounds)},
          {"load_ms", figure_of("ms", rounds.our_load, rounds.peer_load)},
          {"ttft_one_tile", figure_of("ms", rounds.our_first_word, rounds.peer_first_word)},
          {"footprint_default", figure_of("MiB", rounds.our_memory.resident, rounds.peer_memory.resident)},
          {"footprint_tuned", figure_of("MiB", rounds.our_memory.resident, rounds.tuned_memory.resident)},
          {"anonymous_default", figure_of("MiB", rounds.our_memory.anonymous, rounds.peer_memory.anonymous)},
          {"anonymous_tuned", figure_of("MiB", rounds.our_memory.anonymous, rounds.tuned_memory.anonymous)}};
}

}  // namespace plimsoll::bench
