// What llama.cpp's own tools print, read. Pure functions; each fails with the reason where the output lacks
// what is asked for.
#pragma once

#include <string_view>

#include "bench/comparison/figure.h"

namespace plimsoll::bench {

/// Vision encoder runs of one llama-mtmd-cli, from its stderr: the "n_chunks" of its batches, added up.
Measured peer_tiles(std::string_view log);

/// The time that llama-mtmd-cli says its batches took to encode, for each tile.
Measured peer_encode_ms_per_tile(std::string_view log);

/// From the start of llama-mtmd-cli to its model and vision encoder being loaded and warmed up: the time
/// stamp of the line that comes then.
Measured peer_load_ms(std::string_view log);

/// llama-bench -o json: the mean speed of the test that has `tokens` in `key` ("n_prompt" or "n_gen").
Measured peer_tokens_per_second(std::string_view json, const char* key, int tokens);

}  // namespace plimsoll::bench
