#!/usr/bin/env bash
# Fails where docs/requirements.md names a test, or a benchmark, that does not exist, or a requirement that nothing
# shows. Tests of a binary that is not built are not looked for, and it says how many.
#   ctest -N | tests/docs/requirements.sh FILE BENCH
set -euo pipefail
file=$1 bench=$2
names=$(sed -nE 's/^ *Test +#[0-9]+: //p')
faults=0 tests=0 not_built=0

fault() { echo "$file: $1"; faults=$((faults + 1)); }

# The name itself, all cases below it, or with ".*" all of a suite.
is_test() {
  local pattern
  pattern=$(sed -E 's/[.]\*$/./; t; s/$/$/' <<< "$1" | sed 's/\./\\./g')
  grep -qE "^(${pattern}|${pattern%\$}/)" <<< "$names"
}

check_test() {
  tests=$((tests + 1))
  is_test "$1" && return
  if grep -qE "^${1%%.*}_NOT_BUILT" <<< "$names"; then
    not_built=$((not_built + 1))
  else
    fault "no such test: $1"
  fi
}

# Rows whose last cell is proof: those of tables that say "shown by".
while IFS= read -r proof; do
  [ "$proof" = "the same" ] && continue
  grep -q '`' <<< "$proof" || fault "nothing shows it: $proof"
  while IFS= read -r word; do
    case $word in
      plimsoll\ *) ;;
      bench/*) [ -e "$bench/${word#bench/}" ] || fault "no such benchmark: $word" ;;
      bench_*) [ -e "$bench/$word.cpp" ] || fault "no such benchmark: $word" ;;
      *.*) check_test "$word" ;;
    esac
  done < <(grep -oE '`[^`]+`' <<< "$proof" | tr -d '`')
done < <(awk -F' *[|] *' '/shown by/ { shows = 1; next } !/^[|]/ { shows = 0 } shows && !/^[|] *---/ { print $(NF - 1) }' "$file")

echo "$file: $tests tests looked for, $not_built of them in binaries that are not built"
[ "$tests" -gt 0 ] || fault "names no test"
[ "$faults" -eq 0 ]
