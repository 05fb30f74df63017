#!/usr/bin/env bash
# service.sh PROGRAM: systemd has nothing to say about contrib/plimsoll.service. 77: there is no systemd here.
set -euo pipefail
command -v systemd-analyze >/dev/null || { echo "skipped: no systemd-analyze here"; exit 77; }
unit=$(cd "$(dirname "$0")/../../contrib" && pwd)/plimsoll.service
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
grep -q '^ExecStart=/usr/bin/plimsoll serve$' "$unit" || { echo "the unit does not start /usr/bin/plimsoll serve"; exit 1; }
# Verified with a program that is there.
sed "s#/usr/bin/plimsoll#$1#" "$unit" >"$folder/plimsoll.service"
# Its faults are lines on stderr; the exit code is 0 for most of them.
said=$(systemd-analyze --man=no verify "$folder/plimsoll.service" 2>&1) || { echo "$said"; exit 1; }
[ -z "$said" ] || { echo "$said"; exit 1; }
