#!/usr/bin/env bash
# Builds libFuzzer's programs and runs each for SECONDS, two at a time, from tests/fuzz/corpus and what earlier runs
# found (build/fuzz/found). Fails where one finds something; the input that did it is in build/fuzz/findings.
#   tests/fuzz/run.sh [SECONDS] [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))
if ! command -v clang++-19 >/dev/null; then
  echo "run.sh: libFuzzer needs clang; apt-get install clang-19 libclang-rt-19-dev llvm-19" >&2
  exit 1
fi
mkdir -p build/fuzz/findings
cmake --preset fuzz >build/fuzz/configure.log || { tail -n 20 build/fuzz/configure.log; exit 1; }
cmake --build --preset fuzz
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls tests/fuzz/corpus)

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 LSAN_OPTIONS=suppressions=$PWD/cmake/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1

fuzz() {  # TARGET
  local found=build/fuzz/found/$1 findings=build/fuzz/findings/$1 words=()
  mkdir -p "$found" "$findings"
  local dictionary=tests/fuzz/dictionaries/$1.txt
  case $1 in *_request) dictionary=tests/fuzz/dictionaries/json_request.txt ;; esac
  [ ! -e "$dictionary" ] || words=("-dict=$dictionary")
  # What a request may cost is bounded: half a gigabyte, and ten seconds in this slow build.
  if build/fuzz/bin/fuzz_"$1" "${words[@]}" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
    -malloc_limit_mb=512 -artifact_prefix="$findings/" -print_final_stats=1 "$found" "tests/fuzz/corpus/$1" \
    >"$findings/log" 2>&1; then
    echo "$1: nothing after $(sed -n 's/^stat::number_of_executed_units: //p' "$findings/log") inputs"
  else
    tail -n 60 "$findings/log"
    echo "$1: FOUND something, see build/fuzz/findings/$1"
    return 1
  fi
}

failed=0
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  running=()
  for target in "${targets[@]:i:2}"; do
    fuzz "$target" &
    running+=($!)
  done
  for one in "${running[@]}"; do wait "$one" || failed=1; done
done
exit $failed
