// The parts of the comparison. Each runs both sides alternately and returns the figures that follow; progress
// goes to stderr.
#pragma once

#include "bench/comparison/figure.h"
#include "bench/comparison/side.h"

namespace plimsoll::bench {

/// encode_per_tile_ms, encode_per_tile_bf16_ms, load_ms, ttft_one_tile, footprint_default, footprint_tuned,
/// anonymous_default, anonymous_tuned.
Figures measure_one_tile(const Setting& setting);

/// ttft_default.
Figures measure_many_tiles(const Setting& setting);

/// prefill_tokens_per_second, decode_tokens_per_second.
Figures measure_text(const Setting& setting);

/// second_question, second_question_of_four: the peer's side is our own first question.
Figures measure_second_question(const Setting& setting);

/// One for each phase: load, image_decode, encode, prefill, decode. The peer's side is missing.
Figures measure_cancels(const Setting& setting);

}  // namespace plimsoll::bench
