#!/usr/bin/env bash
# dockerfile.sh BUILD_FOLDER: what contrib/Dockerfile copies is there, both from the source and from an installation,
# and the packages of its last stage hold the libraries that the program asks for.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
dockerfile=contrib/Dockerfile
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
failed=0
fault() { echo "$1"; failed=1; }

DESTDIR=$folder cmake --install "$build" --prefix /usr >"$folder/install.log" || { cat "$folder/install.log"; exit 1; }
copies=0
while read -r _ first second; do
  copies=$((copies + 1))
  if [ "$first" = --from=build ]; then
    [ -e "$folder/${second%% *}" ] || fault "$dockerfile copies ${second%% *}, which an installation does not have"
  else
    [ -e "$first" ] || fault "$dockerfile copies $first, which is not in the source"
    ! grep -qxF "$first" .dockerignore || fault "$dockerfile copies $first, which .dockerignore leaves out"
  fi
done < <(grep '^COPY ' "$dockerfile")
[ "$copies" -ge 3 ] || fault "$dockerfile copies nothing"
while read -r preset; do
  grep -q "\"name\": \"$preset\"" CMakePresets.json || fault "$dockerfile builds with preset $preset, which there is not"
done < <(grep -oE -- '--preset [a-z]+' "$dockerfile" | cut -d ' ' -f 2)

# The names of packages and libraries are Debian 12's.
if grep -qs '^VERSION_ID="12"' /etc/os-release && command -v dpkg-query >/dev/null; then
  last_stage=$(tac "$dockerfile" | sed '/^FROM /q' | tac | sed 's/\\$//' | tr '\n' ' ')
  packages=$(grep -oE 'apt-get install [^&]*' <<<"$last_stage" | tr ' ' '\n' | grep -vE '^(apt-get|install|-.*|)$')
  for package in $packages; do
    dpkg-query -W "$package" >/dev/null 2>&1 || echo "not here, so not looked at: $package"
  done
  # With all that they depend on.
  seen=" libc6 libstdc++6 libgcc-s1 "
  queue=$packages
  while [ -n "$queue" ]; do
    next=
    for package in $queue; do
      case $seen in *" $package "*) continue ;; esac
      seen+="$package "
      next+=" $(dpkg-query -W -f '${Depends}, ${Pre-Depends}\n' "$package" 2>/dev/null | tr ',|' '\n\n' | sed 's/(.*//; s/:any//; s/ //g' | tr '\n' ' ')"
    done
    queue=$(tr ' ' '\n' <<<"$next" | sort -u | grep -v '^$' || true)
  done
  for library in $(readelf -d "$folder/usr/bin/plimsoll" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $library in ld-linux*) continue ;; esac
    found=
    owners=$(dpkg-query -S "*/$library" 2>/dev/null | cut -d : -f 1 | tr -d ',' | tr '\n' ' ')
    for owner in $owners; do
      case $seen in *" $owner "*) found=yes ;; esac
    done
    [ -n "$found" ] || fault "the program needs $library of ${owners:-no package }which $dockerfile does not install"
  done
fi
exit $failed
