#!/bin/sh
# Makes what samples/ holds of made things: case.pcap from case.tap, expected.txt from what the tool says of it.
#   tests/samples.sh BUILD_DIR           makes them anew; read the difference before you commit it
#   tests/samples.sh --check BUILD_DIR   compares only
set -eu

check=no
if [ "${1:-}" = --check ]; then check=yes; shift; fi
[ $# -eq 1 ] || { echo "usage: tests/samples.sh [--check] BUILD_DIR" >&2; exit 2; }
build=$(cd "$1" && pwd)
samples=$(cd "$(dirname "$0")/../samples" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# In the sample's own folder, so that no path of this machine gets into the text.
run() {
  echo "\$ tcpautopsy $* case.pcap"
  "$build/cli/tcpautopsy" "$@" --color never --width 100 case.pcap
}
tell() {
  run report
  echo
  run report --all
  [ -e case.tap ] || return 0  # a script makes one connection: its ladder is worth seeing
  echo
  run history --flow 0
}

failed=0
same() {  # MADE KEPT
  if [ $check = no ]; then
    cp "$1" "$2"
  elif ! cmp -s "$1" "$2"; then
    echo "$2 differs; tests/samples.sh makes it anew" >&2
    diff -u "$2" "$1" | head -40 >&2 || true
    failed=1
  fi
}

for folder in "$samples"/*/; do
  cd "$folder"
  if [ -e case.tap ]; then
    "$build/tests/tap2pcap" case.tap "$scratch/case.pcap"
    same "$scratch/case.pcap" "${folder}case.pcap"
  fi
  [ -e case.pcap ] || continue
  tell > "$scratch/expected.txt"
  same "$scratch/expected.txt" "${folder}expected.txt"
done
exit $failed
