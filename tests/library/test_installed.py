#!/usr/bin/env python3
"""The library as other programs have it: installed into a folder of its own, what it exports, and the examples built against
it by find_package and by pkg-config, whose results are compared with the command line's."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
TOOL, CMAKE, CXX, VERSION = (os.environ[name] for name in ("TCPAUTOPSY", "CMAKE", "CXX", "VERSION"))
SANITIZE = [f"-fsanitize={os.environ['SANITIZE']}"] if os.environ.get("SANITIZE") else []
# Of classes that are derived from or thrown; all else begins with the namespace.
TABLES = {f"{what} for tcpautopsy::v1::{of}" for what in ("typeinfo", "typeinfo name", "vtable") for of in ("Error", "StreamReader")}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def public_names():
    """Functions and classes that the headers mark."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "analyzer/include/tcpautopsy").glob("*.h*"))
    functions = re.findall(r"^TCPAUTOPSY_API [^;{]*?(\w+)\(", text, re.M)
    classes = re.findall(r"^class TCPAUTOPSY_API (\w+)", text, re.M)
    return set(functions) | set(classes)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.prefix = cls.work / "prefix"
        for component in ("library", "development"):
            run(CMAKE, "--install", os.environ["BUILD"], "--prefix", cls.prefix, "--component", component)
        cls.libraries = next(cls.prefix.rglob("libtcpautopsy.so")).parent
        cls.by_cmake = cls.work / "by-cmake"
        run(CMAKE, "-G", "Ninja", "-S", ROOT / "examples", "-B", cls.by_cmake, f"-DCMAKE_PREFIX_PATH={cls.prefix}", f"-DCMAKE_CXX_COMPILER={CXX}",
            f"-DCMAKE_CXX_FLAGS={' '.join(['-Wall', '-Wextra', '-Wpedantic', '-Werror', *SANITIZE])}")
        run(CMAKE, "--build", cls.by_cmake)

    def example(self, name, *arguments):
        return run(self.by_cmake / name, *arguments, cwd=ROOT)

    def test_nothing_but_what_the_headers_mark_is_exported(self):
        wanted = public_names()
        self.assertIn("Analysis", wanted)
        names = [line.split(" ", 2)[2] for line in
                 run("nm", "-D", "--defined-only", "-C", self.libraries / "libtcpautopsy.so").splitlines()]
        self.assertTrue(names)
        others = [name for name in names if name not in TABLES and
                  not any(re.match(rf"tcpautopsy::v1::{word}(\(|::(~?\w+|operator=)\()", name) for word in wanted)]
        self.assertEqual(others, [])

    def test_the_static_library_keeps_the_rest_to_itself(self):
        lines = run("nm", "--defined-only", "--extern-only", "-C", self.libraries / "libtcpautopsy.a").splitlines()
        # What a template keeps between calls is one over the whole program (STB_GNU_UNIQUE), and objcopy leaves that alone.
        own = [line for line in lines if "tcpautopsy::" in line and " u " not in line]
        self.assertTrue(own)
        self.assertEqual([line for line in own if "tcpautopsy::v1::" not in line], [])

    def test_versions_agree(self):
        header = (self.prefix / "include/tcpautopsy/version.h").read_text(encoding="utf-8")
        numbers = [re.search(rf"TCPAUTOPSY_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual(".".join(numbers), VERSION)
        abi = re.search(r"TCPAUTOPSY_ABI (\d+)", header)[1]
        self.assertTrue((self.libraries / f"libtcpautopsy.so.{abi}").exists())
        self.assertEqual(set(re.findall(r"namespace tcpautopsy::(v\d+) \{", "\n".join(
            path.read_text(encoding="utf-8") for path in (self.prefix / "include/tcpautopsy").glob("*.h")))), {f"v{abi}"})

    def test_headers_stand_alone(self):
        for header in sorted((self.prefix / "include/tcpautopsy").glob("*.h")):
            run(CXX, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++", "-I", self.prefix / "include",
                "-include", header, "/dev/null")

    def test_histories_are_those_of_the_command_line(self):
        for program in ("histories", "histories_static"):
            for capture in ("kernel_mixed", "half_close", "refused"):
                path = SAMPLES / capture / "case.pcap"
                told = [line[2:] for line in self.example(program, path).splitlines() if line.startswith("  ")]
                expected = []
                for line in run(TOOL, "flows", "--unordered", "--format", "ndjson", path).splitlines():
                    for change in json.loads(line)["history"]:
                        frame = "" if change["frame"] is None else f", frame {change['frame']}"
                        expected.append(f"{change['endpoint']} {change['from']} > {change['to']}, {change['basis']}: {change['cause']}{frame}")
                self.assertEqual(told, expected)

    def test_incidents_are_those_of_the_command_line(self):
        path = SAMPLES / "kernel_mixed/case.pcap"
        told = [line for line in self.example("histories", path).splitlines() if not line.startswith(("  ", "flow "))]
        incidents = json.loads(run(TOOL, "report", "--format", "json", path))["incidents"]
        self.assertTrue(incidents)
        self.assertEqual(told, [f"{one['severity']}: {one['verdict']}" for one in incidents])

    def test_a_detector_of_ones_own(self):
        out = self.example("own_detector", SAMPLES / "handshake_and_close/case.pcap")
        self.assertRegex(out, r"(?m)^flow 0: info short_lived: \d+ bytes in \d+ us$")
        out = self.example("own_detector", SAMPLES / "close_wait_stuck/case.pcap")
        self.assertIn("warning close_wait_stuck", out)
        self.assertNotIn("short_lived", out)

    def test_bytes_of_a_stream(self):
        path = SAMPLES / "half_close/case.pcap"
        flow = json.loads(run(TOOL, "flows", "--format", "ndjson", path).splitlines()[0])
        expected = run(TOOL, "stream", "--flow", "0", "--direction", "server", "--raw", "-o", "-", path)
        self.assertTrue(expected)
        self.assertEqual(self.example("stream_bytes", flow["server"]["port"], path), expected)

    def test_errors_are_told(self):
        done = subprocess.run([self.by_cmake / "histories", "/nowhere.pcap"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere.pcap", done.stderr)

    def test_by_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.libraries / "pkgconfig")}
        self.assertEqual(run("pkg-config", "--modversion", "tcpautopsy", env=environment).strip(), VERSION)
        flags = run("pkg-config", "--cflags", "--libs", "tcpautopsy", env=environment).split()
        program = self.work / "own_detector"
        run(CXX, "-std=c++20", *SANITIZE, ROOT / "examples/own_detector.cc", "-o", program, *flags, f"-Wl,-rpath,{self.libraries}")
        self.assertEqual(run(program, SAMPLES / "rst_abort/case.pcap"), self.example("own_detector", SAMPLES / "rst_abort/case.pcap"))


if __name__ == "__main__":
    unittest.main()
