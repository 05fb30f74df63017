// GCC 12's _tile_loadconfig() tells the compiler of 8 of the 64 bytes that the processor reads, so that it
// leaves out the stores to the others: ggml's products by AMX then die of an illegal instruction. Included
// before ggml's own code (cmake/llama.cmake, bench/build_peer.sh).
#pragma once

#if defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg %0" ::"m"(*(const char(*)[64])(config)))
#endif
