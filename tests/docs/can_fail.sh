#!/usr/bin/env bash
# The checks of the documents, shown to fail: a bad document for each of their rules, and a good one that passes.
#   tests/docs/can_fail.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$1" && mkdir -p "$1/bench" && cd "$1"
touch bench/bench_a.cpp

passes() { "${@:2}" > log 2>&1 || { echo "$1: a good document was refused"; cat log; exit 1; }; }
fails() { ! "${@:2}" > log 2>&1 || { echo "$1: a bad document was accepted"; cat log; exit 1; }; }

requirement() {  # PROOF
  printf '| | requirement | shown by |\n| --- | --- | --- |\n| 1 | something | %s |\n' "$1" > requirements.md
  printf '  Test  #1: unit.Suite.Name\n  Test #22: unit.Each/Suite.Case/one\n  Test #23: idle_NOT_BUILT\n' |
    "$here/requirements.sh" requirements.md bench
}
passes known requirement '`unit.Suite.Name`, `bench_a`, `unit.Suite.*`'
passes cases requirement '`unit.Each/Suite.Case`, `unit.Each/Suite.Case/one`'
passes not_built requirement '`idle.Suite.Name`'
fails unknown_test requirement '`unit.Suite.Other`'
fails half_a_name requirement '`unit.Suite.Na`'
fails unknown_suite requirement '`unit.Sui.*`'
fails unknown_case requirement '`unit.Each/Suite.Case/two`'
fails unknown_benchmark requirement '`unit.Suite.Name`, `bench_b`'
fails nothing_shown requirement 'nobody knows'

link() { printf '# A heading, here\n\n%s\n' "$1" > links.md && "$here/links.sh" links.md; }
passes file link '[this](links.md) and ![that](../'"$(basename "$1")"'/log)'
passes heading link '[this](#a-heading-here) <a href="links.md#a-heading-here">'
passes elsewhere link '[this](log) [that](https://example.org/none)'
fails no_file link '[this](none.md)'
fails no_picture link '<img src="none.png">'
fails no_heading link '[this](#another)'
fails no_links link 'nothing'

printf '#!/bin/sh\nprintf "%%s\\n" "  --size N" "Subcommands:" "  run  Answers"\n' > program && chmod +x program
options() { printf '%s\n' "$1" > options.md && "$here/options.sh" ./program options.md; }
passes all options '`plimsoll run --size N`'
fails unknown_option options '`plimsoll run --size N --colour`'
fails untold_option options '`plimsoll run`'
fails untold_command options '`--size N`'
echo "every rule can fail"
