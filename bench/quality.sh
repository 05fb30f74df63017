#!/usr/bin/env bash
# The tables of docs/quality.md: right answers of the bundled model by image size, KV type and vision kernels.
# usage: bench/quality.sh [QUESTIONS.jsonl [MODEL]]; three minutes, twenty on two busy cores.
set -euo pipefail
cd "$(dirname "$0")/.."
plimsoll=${PLIMSOLL:-build/release/bin/plimsoll}
questions=${1:-tests/integration/eval/questions.jsonl}
model=${2:-plimsoll-tiny}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# The percentage and the seconds of one way to run; 8 GiB: the plan gives nothing up.
row() {
  local name=$1 begun=$SECONDS
  shift
  "$plimsoll" eval --questions "$questions" --model "$model" --device-memory 8GiB "$@" >"$results/table"
  printf '| %s | %s | %s s |\n' "$name" "$(awk '$1 == "all" { printf "%s (%s of %s)", $2, $3, $5 }' "$results/table")" $((SECONDS - begun))
}

printf '| image size | right | took |\n| --- | --- | --- |\n'
for size in 192 256 384 448; do row "$size" --image-size "$size"; done
printf '\n| keys and values | right | took |\n| --- | --- | --- |\n'
for type in f16 q8_0 q4_0; do row "$type" --image-size 384 --kv-type "$type"; done
printf '\n| vision kernels | right | took |\n| --- | --- | --- |\n'
for kernels in best int8 bf16 plain libmtmd; do row "$kernels" --image-size 384 --vision-kernels "$kernels"; done
