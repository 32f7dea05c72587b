#!/bin/sh
# Scores a build against real kernel connections with known states. Needs what this repository does not hold: SHARED/score_truth.py and
# SHARED/truth. The figures of the last landing are in tests/RESULTS.md.
#   tests/truth_scores.sh TOOL SHARED [options of score_truth.py]
set -eu
[ $# -ge 2 ] || { sed -n 2,4p "$0" >&2; exit 2; }
tool=$1 shared=$2
shift 2
exec python3 "$shared/score_truth.py" --tool "$tool" "$shared/truth" "$@"
