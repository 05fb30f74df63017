#!/usr/bin/env bash
# All benchmarks, one after another; writes the synthetic models that they need to build/synthetic.
# The comparison with llama.cpp, figure by figure, is bench/compare's.
#   bench/run_all.sh [BIN]      BIN: build/release/bin
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:-build/release/bin}
peer=build/peer/bin/llama-mtmd-cli
picture=models/plimsoll-tiny/examples/dog-car.png
models=build/synthetic

model() {  # ARCH TYPE -> writes it with one tile unless it is there; sets folder, text and mmproj
  local tile=512
  [ "$1" = smolvlm2-2.2b ] && tile=384
  folder=$models/$1-$2
  [ -e "$folder" ] || "$bin/plimsoll-synth" --arch "$1" --type "$2" --longest-edge $tile --out "$folder"
  text=$folder/$1-synthetic-$2.gguf
  mmproj=$folder/mmproj-$1-synthetic-$2.gguf
}

grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: /machine: /'
echo "processors: $(nproc), load before: $(cut -d ' ' -f 1 /proc/loadavg)"

for type in q8_0 q4_0; do
  model smolvlm2-500m $type
  echo "== the governed device against plain CPU, 500M $type"
  "$bin/bench_governed_device" "$text"
done
model smolvlm2-500m q8_0
echo "== our kernels beside ggml's in CPU time, 500M q8_0"
"$bin/bench_kernels" "$text" "$mmproj"
echo "== peak footprint against llama-mtmd-cli, 500M q8_0, one-tile mmproj, 32 tokens"
"$bin/bench_footprint" "$bin/plimsoll" "$peer" "$text" "$mmproj" "$picture"
echo "== who still answers in 800 to 256 MiB, the same files"
"$bin/bench_survival" "$bin/plimsoll" "$peer" "$text" "$mmproj" "$picture" || echo "left out"
echo "== a neighbour that takes memory while answers are written, 700 MiB for both, 500M q8_0"
"$bin/bench_neighbour" "$folder" "$picture" || echo "left out, or one was killed"
echo "== the plan against what is measured"
folders=()
for arch in smolvlm-256m smolvlm2-500m smolvlm2-2.2b; do
  for type in q8_0 q4_0; do
    model $arch $type
    folders+=("$folder")
  done
done
"$bin/bench_plan" "$picture" "${folders[@]}"
model smolvlm2-500m q8_0
echo "== calls that must not block, bundled model"
"$bin/bench_call_latency" "$picture"
echo "== the same with 500M q8_0, where one picture takes seconds to encode"
"$bin/bench_call_latency" "$picture" 20 "$(dirname "$text")"
echo "== from a warning to memory given back, bundled model, then 500M q8_0"
export GOMP_SPINCOUNT=5000  # as the program sets for itself (src/cli/openmp_wait.h)
"$bin/bench_reclaim" "$picture"
"$bin/bench_reclaim" "$picture" 10 "$(dirname "$text")"
echo "== a server under 64 clients, good ones and others, bundled model"
"$bin/bench_serve_load" "$bin/plimsoll" "$(dirname "$picture")" || echo "something did not hold"
echo "== one, two and four answers written together, 500M q8_0"
"$bin/bench_together" "$text"
echo "== two programs that want the same cores, bundled model"
bench/bench_two_at_once.sh "$bin/plimsoll" "$picture"
