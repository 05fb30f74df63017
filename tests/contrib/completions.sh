#!/usr/bin/env bash
# completions.sh SHELL PROGRAM: every command and option that the program's --help lists is completed in that shell.
# 77: there is no such shell here.
set -euo pipefail
shell=$1 program=$2
completions=$(cd "$(dirname "$0")/../../contrib/completions" && pwd)
command -v "$shell" >/dev/null || { echo "skipped: no $shell here"; exit 77; }

commands() { "$program" --help | sed -n '/^Subcommands:/,$s/^  \([a-z]*\) .*/\1/p'; }
options() { "$program" "$1" --help | grep -oE -- '^ +(-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+'; }

# What is offered behind the words "$@", of which the last one has been begun.
offered_by_bash() {
  bash -c 'source "$1/plimsoll.bash"; compopt() { :; }; shift
           COMP_WORDS=(plimsoll "$@"); COMP_CWORD=$#; _plimsoll; printf "%s\n" "${COMPREPLY[@]}"' - "$completions" "$@"
}
offered_by_fish() {
  fish -c 'source $argv[1]/plimsoll.fish; complete -C "plimsoll $argv[2..]"' "$completions" "$@" | cut -f 1
}
# Without a terminal zsh completes nothing: the words that the file hands to zsh's own functions are looked at.
offered_by_zsh() {
  zsh -fc 'folder=$1; shift; words=(plimsoll "$@"); CURRENT=$(($# + 1))
           _arguments() { print -rl -- $@ }; _values() { shift; print -rl -- $@ }; source $folder/_plimsoll' \
    - "$completions" "$@" | sed 's/\[[^]]*\]//g' | grep -oE -- '(^|[*(}, ])(--)?[a-z][a-z-]*' | sed 's/^[*(}, ]//'
}

missing=0
checked=0
expect() {  # WHERE WORD OFFERED
  checked=$((checked + 1))
  grep -qxF -- "$2" <<<"$3" || { echo "$shell does not complete: plimsoll $1 $2"; missing=1; }
}

case $shell in
  bash) bash -n "$completions/plimsoll.bash" ;;
  fish) fish -n "$completions/plimsoll.fish" ;;
  zsh) zsh -n "$completions/_plimsoll" ;;
esac
offered=$(offered_by_"$shell" "")
for name in $(commands); do
  expect "" "$name" "$offered"
  of_command=$(offered_by_"$shell" "$name" "--") || of_command=
  for option in $(options "$name"); do
    [ "$option" = --help ] || expect "$name" "$option" "$of_command"
  done
done
[ "$shell" = zsh ] || expect "run --strategy" legacy "$(offered_by_"$shell" run --strategy "le")"
echo "$checked completions of $shell"
[ "$checked" -gt 50 ] || { echo "too few: is --help still what this reads?"; exit 1; }
exit $missing
