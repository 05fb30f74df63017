#!/usr/bin/env bash
# From packages to a model that the program loads, with a few concepts and a few steps. usage: chain.sh ROOT PLIMSOLL FOLDER
# Exit 77: skipped, and why.
set -euo pipefail
root=$1 plimsoll=$2 work=$3
source "$root/tests/training/python.sh"
cd "$root"
mkdir -p "$work"  # packages that were fetched once stay
rm -rf "$work/data" "$work/out" "$work/out_2" "$work/model" "$work/model_2" "$work/model_3"

command -v npm >/dev/null || { echo "SKIPPED: no npm to fetch drawings with"; exit 77; }
npm view emojibase-data@17.0.0 version >/dev/null 2>&1 || [ -d "$work/packages/emojibase-data-17.0.0" ] ||
  { echo "SKIPPED: the npm registry can not be reached"; exit 77; }

"$python" -m training.collect "$work/data" --packages "$work/packages" --only dog,cat,car,bicycle,banana,guitar \
  --styles noto,fluent-flat
"$python" -m training.vocabulary "$work/data" --scenes 500
"$python" -m training.train "$work/data" "$work/out" --total-seconds 3600 --steps 2 --tiles 3 --workers 1
"$python" -m training.train "$work/data" "$work/out" --total-seconds 3600 --steps 5 --tiles 3 --workers 1 | tee "$work/train.log"
grep -q 'goes on after 2 steps' "$work/train.log"
"$python" -m training.export "$work/out/weights" "$work/data/tokenizer.json" "$work/model"

# A part of an earlier model is trained on: the rest of its files stays as it is.
"$python" -m training.train "$work/data" "$work/out_2" --weights "$work/model" --only '^connector' --total-seconds 3600 --steps 1 --tiles 3 --workers 1
"$python" -m training.export "$work/out_2/weights" "$work/data/tokenizer.json" "$work/model_2" --onto "$work/model"
"$python" -m training.calibrate "$work/data" "$work/model_2" "$work/model_3" --scenes 2 --share 0.5
cmp "$work/model/plimsoll-tiny-q8_0.gguf" "$work/model_2/plimsoll-tiny-q8_0.gguf"
if cmp -s "$work/model/mmproj-plimsoll-tiny-q8_0.gguf" "$work/model_2/mmproj-plimsoll-tiny-q8_0.gguf"; then
  echo "the projector has learnt nothing"
  exit 1
fi
if "$python" -m training.export "$work/out_2/weights" "$work/data/tokenizer.json" "$work/model_2"; then
  echo "a part of a model was exported as a whole one"
  exit 1
fi
cmp "$work/model_2/mmproj-plimsoll-tiny-q8_0.gguf" "$work/model_3/mmproj-plimsoll-tiny-q8_0.gguf"

"$python" -m training.compose_set "$work/data" "$work/set" --set kinds --count 6 --styles noto

# It knows nothing yet; it is asked all the same, with a picture of each kind.
"$plimsoll" eval --questions "$work/set/questions.jsonl" --model "$work/model" --image-size 384 --max-tokens 16 --json "$work/eval.json"
grep -q '"asked": 6' "$work/eval.json"

# The bundled model in torch says what it says in the program.
"$python" -m training.shipped models/plimsoll-tiny models/plimsoll-tiny/examples/dog-car.png "What is on the right?" | tee "$work/answer"
grep -qx 'A car.' "$work/answer"
