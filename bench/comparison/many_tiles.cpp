#include <cstdio>

#include "bench/comparison/peer_output.h"
#include "bench/comparison/question.h"
#include "bench/comparison/sections.h"

namespace plimsoll::bench {

Figures measure_many_tiles(const Setting& setting) {
  const std::string mmproj = setting.many_tiles();
  Samples ours, peer, tiles;
  for (int i = 1; i <= setting.default_rounds; ++i) {
    std::fprintf(stderr, "compare: default mmproj, round %d of %d\n", i, setting.default_rounds);
    ours.add(first_word_ms(run_to_first_word(our_question(setting, mmproj))));
    const Finished finished = run_to_first_word(peer_question(setting, mmproj));
    peer.add(first_word_ms(finished));
    tiles.add(peer_tiles(finished.err));
  }
  Figure figure = figure_of("ms", ours, peer);
  const Measured peer_tile_count = tiles.median();
  figure.details["peer_tiles"] = peer_tile_count ? Json(*peer_tile_count) : Json(nullptr);
  return {{"ttft_default", figure}};
}

}  // namespace plimsoll::bench
