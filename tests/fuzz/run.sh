#!/bin/sh
# Runs the libFuzzer programs of a build one after the other: run.sh BUILD FOLDER SECONDS [NAME...]
# (names: decode capture session archive script settings store; all without). What they learn stays in FOLDER/NAME, a find is
# FOLDER/NAME-crash-*, and the last lines that each says are FOLDER/NAME.log. Exits 1 if there was a find.
set -eu
build=$1 folder=$2 seconds=$3
shift 3
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
[ $# -gt 0 ] || set -- decode capture session archive script settings store

seeds() {
  case $1 in
    decode) cp "$source"/tests/fuzz/regressions/decode/* "$2" ;;
    capture | session)
      cp "$source"/tests/fuzz/regressions/session/* "$2"
      for case in "$source"/samples/*/case.pcap; do cp "$case" "$2/$(basename "$(dirname "$case")")"; done ;;
    script) find "$source/tests/scripts" "$source/samples" -name '*.tap' -size -4k -exec cp {} "$2" \; ;;
    settings) printf 'time_wait = 240\nsyn_flood.min_half_open = 200\n[port_scan]\nmin_targets = 20\n10.0.0.0/8\n3,5-10\n+10m\n512M\n' > "$2/settings" ;;
    archive)
      (cd "$source/samples" && tar -cf "$2/a.tar" --exclude='*.tap' lost_final_ack 2>/dev/null || true
       set -- "$2" */case.pcap
       tar -cf "$1/b.tar" "$2" && tar -czf "$1/c.tgz" "$2" "$3" && python3 -m zipfile -c "$1/d.zip" "$2" "$1/b.tar") ;;
    store)
      python3 - "$2" "$source/analyzer/batch/schema.cc" <<'END'
import re, sqlite3, sys
tables = re.findall(r'R"sql\((.*?)\)sql"', open(sys.argv[2]).read(), re.S)
store = sqlite3.connect(sys.argv[1] + "/store")
store.execute("PRAGMA page_size = 512")
for part in tables:
    store.executescript(part)
for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
    kinds = [kind for _, _, kind, *_ in store.execute(f"PRAGMA table_info({table})")]
    for number in (1, 2):
        row = [number if kind == "INTEGER" else {1: "lost_final_ack", 2: "error"}[number] for kind in kinds]
        store.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
version = re.search(r"kSchemaVersion = (\d+)", open(sys.argv[2].replace(".cc", ".h")).read())[1]
store.execute("INSERT INTO meta VALUES ('schema', ?)", (version,))
store.commit()
END
      ;;
  esac
}

found=0
for name in "$@"; do
  corpus=$folder/$name
  if [ ! -d "$corpus" ]; then
    mkdir -p "$corpus"
    seeds "$name" "$corpus"
  fi
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=100000 -timeout=60 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$folder/$name-" "$corpus" > "$folder/$name.log" 2>&1 || found=1
  printf '%s: %s\n' "$name" "$(grep -E 'stat::number_of_executed_units|cov:' "$folder/$name.log" | tail -2 | tr -s ' \n' ' ')"
done
exit $found
