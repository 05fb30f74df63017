#!/usr/bin/env bash
# What it costs when two programs want the same cores: the time of a pair started together over the time of one alone,
# for plimsoll as it is and with libgomp's default spinning, on the bundled model. Medians of five.
#   bench/bench_two_at_once.sh PLIMSOLL PICTURE
set -euo pipefail
program=$1
picture=$2
ask() { "$program" run --temperature 0 --image "$picture" "What is in this image?" > /dev/null 2>&1; }
seconds() { local start; start=$(date +%s%N); "$@"; echo $(( ($(date +%s%N) - start) / 1000000 )); }
pair() { ask & ask & wait; }
median() { for _ in 1 2 3 4 5; do seconds "$@"; done | sort -n | sed -n 3p; }
for spin in 5000 300000; do
  export GOMP_SPINCOUNT=$spin
  alone=$(median ask)
  both=$(median pair)
  echo "GOMP_SPINCOUNT=$spin: alone $alone ms, two at once $both ms, ratio $(( both * 100 / alone )) %"
done
