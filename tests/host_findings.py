#!/usr/bin/env python3
"""Lists what is found about hosts in every capture of the corpus, for eyes to judge.

    host_findings.py TOOL SHARED
"""
import csv, json, os, subprocess, sys


def main():
    tool, corpus = sys.argv[1], os.path.join(sys.argv[2], "corpus")
    with open(os.path.join(corpus, "manifest.csv"), newline="") as manifest:
        captures = [row[0] for row in list(csv.reader(manifest))[1:]]
    for capture in captures:
        run = subprocess.run([tool, "findings", "--format", "ndjson", os.path.join(corpus, capture)],
                             capture_output=True, text=True)
        for line in run.stdout.splitlines():
            finding = json.loads(line)
            if finding["scope"] == "host":
                print(f'{capture}: {finding["id"]} ({finding["severity"]}, {finding["certainty"]}): {finding["summary"]}')
    print(f"{len(captures)} captures")


main()
