#!/usr/bin/env bash
# Which device classes each model of the catalogue fits, by the planner, for the shapes that plimsoll-synth knows:
# writes a model of random weights in these shapes and plans it for a device of each class. Loads nothing.
#   scripts/catalogue_classes.sh [build/release/bin]
# Needs some 3 GB in $TMPDIR for the largest, one at a time.
set -euo pipefail
bin=${1:-build/release/bin}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

declare -A class=([2GiB]="ultra low" [3GiB]=low [4GiB]=standard [8GiB]=high)
for shapes in smolvlm-256m smolvlm2-500m smolvlm2-2.2b; do
  "$bin/plimsoll-synth" --arch "$shapes" --type q8_0 --out "$folder" >"$folder/log" 2>&1
  for size in 2GiB 3GiB 4GiB 8GiB; do
    "$bin/plimsoll" plan --model "$folder" --device-memory "$size" --json >"$folder/plan.json" || true
    python3 - "$shapes" "${class[$size]}" "$folder/plan.json" <<'PY'
import json, sys
plan = json.load(open(sys.argv[3]))["plans"][0]
print(f'{sys.argv[1]:14} {sys.argv[2]:10} {"fits" if plan["fits"] else "no":5} '
      f'streamed {plan["streamed_bytes"]:>11}  peak {plan["peak_bytes"]:>11}  {"; ".join(map(str, plan["concessions"]))[:60]}')
PY
  done
  rm -rf "${folder:?}"/*
done
