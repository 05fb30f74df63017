#!/usr/bin/env bash
# Puts the pinned release of llama.cpp at third_party/llama.cpp. The npm package node-llama-cpp carries upstream's
# whole release as a git bundle; it is unpacked, not installed, so none of its scripts run.
set -euo pipefail
cd "$(dirname "$0")/.."

release=v0.5.0
package=node-llama-cpp@3.22.1
integrity=sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==

target=third_party/llama.cpp
[ -e "$target/CMakeLists.txt" ] && exit 0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "setup: fetching llama.cpp $release (npm package $package, 36 MB)"
(cd "$folder" && npm pack --silent "$package" >/dev/null) || {
  echo "setup: npm could not fetch $package; check the network, or put llama.cpp $release at $target" >&2
  exit 1
}
archive=$(echo "$folder"/*.tgz)
seen=sha512-$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)
if [ "$seen" != "$integrity" ]; then
  echo "setup: $package is not the one that is pinned (its hash is $seen); nothing was unpacked" >&2
  exit 1
fi
echo "setup: unpacking llama.cpp $release to $target"
tar -xzf "$archive" -C "$folder" package/llama/gitRelease.bundle
mkdir -p third_party
rm -rf "$target.part"
git -c advice.detachedHead=false clone --quiet "$folder/package/llama/gitRelease.bundle" "$target.part"
mv "$target.part" "$target"
