// All kernels of the instruction set that this file is compiled for.
#pragma once

#include "kernels/attention_impl.h"
#include "kernels/cached_attention_impl.h"
#include "kernels/kernels.h"
#include "kernels/pack_impl.h"
#include "kernels/rows_impl.h"
#ifdef __AMX_TILE__
#include "kernels/q8_tiles_impl.h"
#else
#include "kernels/q8_product_impl.h"
#endif
#ifdef __AVX512F__
#include "kernels/q8_row_impl.h"
#endif

namespace plimsoll::kernels {
namespace {

#ifndef __AVX512F__
constexpr std::nullopt_t kRowProduct = std::nullopt;
#endif

constexpr Kernels kTable = {.set = kSet,
                            .layout = kLayout,
                            .row_block = kRowBlock,
                            .long_row_block = kLongRowBlock,
                            .q8_least_rows = kQ8LeastRows,
                            .pack_output = pack_output,
                            .prepared_bytes = prepared_bytes,
                            .lay_out_prepared = lay_out_prepared,
                            .prepare_row = prepare_row,
                            .layer_norm = layer_norm,
                            .multiply = multiply,
                            .multiply_halved = multiply_halved,
                            .attention_bytes = attention_bytes,
                            .attend = attend,
                            .cached_attention_bytes = cached_attention_bytes,
                            .attend_cached = attend_cached,
                            .q8_product_bytes = q8_product_bytes,
                            .q8_round = q8_round,
                            .q8_product = q8_product,
                            .row_product = kRowProduct};

}  // namespace
}  // namespace plimsoll::kernels
