#!/usr/bin/env bash
# Fails where the documents name a command or an option that the program does not have, or leave one out that it has.
#   tests/docs/options.sh PROGRAM FILE.md...
set -euo pipefail
program=$1
shift
faults=0

fault() { echo "$1"; faults=$((faults + 1)); }
options_in() { grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u; }

commands=$("$program" --help | awk '/^Subcommands:|^SUBCOMMANDS:/ { listed = 1; next } listed && NF { print $1 }')
has=$({ "$program" --help; for command in $commands; do "$program" "$command" --help; done; } | options_in)
named=$(cat "$@" | options_in)

for option in $(comm -13 <(echo "$has") <(echo "$named")); do fault "no such option of the program: $option"; done
for option in $(comm -23 <(echo "$has") <(echo "$named")); do fault "told nowhere in $*: $option"; done
for command in $commands; do
  grep -qE "plimsoll $command\b" "$@" || fault "told nowhere in $*: plimsoll $command"
done

echo "$(wc -w <<< "$has") options of $(wc -w <<< "$commands") commands"
[ -n "$commands" ] || fault "the program has no commands"
[ "$faults" -eq 0 ]
