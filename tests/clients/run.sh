#!/usr/bin/env bash
# run.sh FOLDER: installs the pinned clients into FOLDER and runs the tests there. 77: there is no npm.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: npm and node are not here"; exit 77; }
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
cp "$here"/*.mjs "$here"/package.json "$here"/package-lock.json "$folder"
cd "$folder"
if ! cmp -s package-lock.json node_modules/.plimsoll-lock; then
  npm ci --ignore-scripts --no-audit --no-fund || { echo "skipped: npm can not fetch the clients"; exit 77; }
  cp package-lock.json node_modules/.plimsoll-lock
fi
node --test
