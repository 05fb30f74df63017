#!/usr/bin/env bash
# Installs what building needs and is not there yet. Does nothing, in milliseconds, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v dpkg-query >/dev/null; then
  echo "setup: not a Debian system; install the packages of scripts/debian-packages.txt your own way" >&2
else
  mapfile -t wanted < <(grep -v '^#' scripts/debian-packages.txt)
  # npm builds the browser page and fetches llama.cpp. Whoever has the command keeps it: Debian's package and the
  # nodejs of NodeSource, which brings an npm of its own, exclude each other.
  if ! command -v npm >/dev/null; then
    if dpkg-query -W -f='${Version}' nodejs 2>/dev/null | grep -q nodesource; then
      echo "setup: nodejs is NodeSource's but its npm command is missing; reinstall it: apt-get install --reinstall nodejs" >&2
    else
      wanted+=(nodejs npm)
    fi
  fi
  missing=()
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    echo "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" |
      grep --line-buffered -E '^(Setting up|Unpacking) ' | sed -u 's/^/setup:   /' || {
        echo "setup: apt-get failed; run it by hand to see why: apt-get install ${missing[*]}" >&2
        exit 1
      }
  fi
fi

scripts/fetch_llama.sh
