#!/usr/bin/env python3
"""The HTML pages in a real Chromium. Usage: run.py TOOL. Needs node, npm and chromium; without them it tells so and exits with 77, or
with 1 where TCPAUTOPSY_PAGE says that they are required."""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = HERE.parent.parent / "analyzer/report/html/page"


def cannot(why):
    required = bool(os.environ.get("TCPAUTOPSY_PAGE"))
    print(f"NOT TESTED: the HTML page in a browser: {why}", file=sys.stderr)
    return 1 if required else 77


def main():
    missing = [name for name in ("node", "npm", "chromium") if not shutil.which(name)]
    if missing:
        return cannot(f"{', '.join(missing)} not installed; .ci/install-packages test does")
    if not (PACKAGES / "node_modules/playwright-core").is_dir():
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PACKAGES, capture_output=True, text=True)
        if done.returncode != 0:
            return cannot(f"npm ci in {PACKAGES}: {done.stderr.strip()}")
    environment = {**os.environ, "TCPAUTOPSY": str(pathlib.Path(sys.argv[1]).resolve()), "CHROMIUM": shutil.which("chromium")}
    return subprocess.run(["node", "--test", "--test-reporter=spec", HERE / "page.test.mjs"], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
