// Included before ggml's AMX kernels. GCC 12's intrinsics say too little about the memory that they read: of the
// tiles' configuration the first 8 bytes, of a tile nothing. The compiler then leaves out the stores that fill the
// rest, and the first tile that is loaded ends the program with SIGILL.
#pragma once

#include <immintrin.h>

#undef _tile_loadd
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg %0" ::"m"(*(const char(*)[64])(config)))
#define _tile_loadd(tile, base, stride) plimsoll_tile_loadd(tile, base, stride)
#define plimsoll_tile_loadd(tile, base, stride)                                                                \
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"((const void*)(base)), "r"((long)(stride)) : "memory")
