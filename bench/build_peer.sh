#!/usr/bin/env bash
# Builds llama.cpp's own tools from the same pinned source, with its own defaults, at build/peer/bin.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x build/peer/bin/llama-mtmd-cli ] && [ -x build/peer/bin/llama-bench ] && exit 0
echo "bench: building llama.cpp's tools to compare with (once, several minutes)"
cmake -S third_party/llama.cpp -B build/peer -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF \
  -DLLAMA_OPENSSL=OFF -DCMAKE_C_FLAGS=-w -DCMAKE_CXX_FLAGS="-w -include $PWD/cmake/amx_tile_config.h" > build/peer-configure.log
cmake --build build/peer --target llama-mtmd-cli llama-bench
