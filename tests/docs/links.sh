#!/usr/bin/env bash
# Fails where a document links to a file of the project, or to a heading in one, that does not exist.
#   tests/docs/links.sh FILE.md...
set -euo pipefail
faults=0 links=0

fault() { echo "$1: $2"; faults=$((faults + 1)); }

# As GitHub makes a heading's address: lower case, letters, digits and hyphens, blanks as hyphens.
headings() { sed -nE 's/^#+ //p' "$1" | tr '[:upper:] ' '[:lower:]-' | sed -E 's/[][`.,:;!?()/&"*]|，|。|：|、|？|（|）//g'; }

for file in "$@"; do
  # Markdown's links and pictures, then HTML's; code in fences has none.
  while IFS= read -r target; do
    case $target in http*://* | mailto:*) continue ;; esac
    links=$((links + 1))
    path=${target%%#*}
    to=$file
    [ -z "$path" ] || to=$(dirname "$file")/$path
    if [ ! -e "$to" ]; then
      fault "$file" "no such file: $target"
    elif [[ $target == *\#* ]] && ! headings "$to" | grep -qxF -- "${target#*#}"; then
      fault "$file" "no such heading: $target"
    fi
  done < <(awk '/^ *```/ { fenced = !fenced } !fenced' "$file" | grep -oE '\]\([^) ]+\)|(src|href)="[^"]+"' |
    sed -E 's/^\]\(//; s/^(src|href)="//; s/[")]$//')
done

echo "$links links in $# files"
[ "$links" -gt 0 ] || fault "$*" "no links"
[ "$faults" -eq 0 ]
