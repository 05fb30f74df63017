#!/usr/bin/env bash
# Builds llama.cpp's own tools from the same pinned source, with its own defaults, at build/peer/bin.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x build/peer/bin/llama-mtmd-cli ] && [ -x build/peer/bin/llama-bench ] && exit 0
echo "bench: building llama.cpp's tools to compare with (once, several minutes)"
# With g++ 12 it would end with SIGILL where the processor has AMX (cmake/amx_intrinsics.h says why).
cxx_flags=-w
if [ "$(uname -m)" = x86_64 ]; then cxx_flags="-w -include $PWD/cmake/amx_intrinsics.h"; fi
cmake -S third_party/llama.cpp -B build/peer -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF \
  -DLLAMA_OPENSSL=OFF -DCMAKE_C_FLAGS=-w -DCMAKE_CXX_FLAGS="$cxx_flags" > build/peer-configure.log
cmake --build build/peer --target llama-mtmd-cli llama-bench
