#!/usr/bin/env python3
"""The module for Python as users have it: installed, and what it tells of every sample compared with the command line."""
import ast
import collections
import contextlib
import dataclasses
import enum
import inspect
import io
import json
import os
import pathlib
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import types
import typing
import unittest
import unittest.mock
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/cli"))
from captures import connection, pcap
SAMPLES = sorted(ROOT.glob("samples/*/case.pcap"))
MIXED = ROOT / "samples/kernel_mixed/case.pcap"
REFUSED = ROOT / "samples/refused/case.pcap"
TOOL, CMAKE, BUILD, VERSION = (os.environ[name] for name in ("TCPAUTOPSY", "CMAKE", "BUILD", "VERSION"))
# A sanitizer's runtime must be in a Python that loads the module; other programs are better off without.
PRELOAD = os.environ.pop("LD_PRELOAD", None)


def install():
    prefix = pathlib.Path(tempfile.mkdtemp())
    unittest.addModuleCleanup(shutil.rmtree, prefix)
    for component in ("library", "python"):
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", prefix, "--component", component], check=True, stdout=subprocess.DEVNULL)
    return next(prefix.rglob("tcpautopsy/__init__.py")).parents[1]


PACKAGES = install()
sys.path[:0] = [str(PACKAGES), str(ROOT / "tests/cli")]
import captures  # noqa: E402
import tcpautopsy  # noqa: E402  where it was put just now


def tool(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, check=True,
                          env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent"})
    return done.stdout


def records(command, *arguments):
    return [json.loads(line) for line in tool(command, "--format", "ndjson", *arguments).splitlines()]


def python(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
    if PRELOAD:
        environment["LD_PRELOAD"] = PRELOAD
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment, text=True, cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)


def number(frame):
    return None if frame is None else frame.number


def of_transition(change):
    told = {"time_ns": change.time_ns, "at_ns": change.at_ns, "frame": number(change.frame), "endpoint": change.endpoint, "from": change.from_state,
            "to": change.to_state, "basis": change.basis, "proved_by": number(change.proved_by), "cause": change.cause, "rfc": change.rfc}
    return {**told, "possible": list(change.possible)} if change.possible else told


def of_flow(flow):
    """The fields of the record that the module has, too."""
    told = {"flow": flow.number, "client_guessed": flow.client_guessed, "ended_early": flow.ended_early, "incarnation": flow.incarnation, "vlan": list(flow.vlan),
            "tunnel": flow.tunnel, "community_id": flow.community_id, "first_ns": flow.first.time_ns, "last_ns": flow.last.time_ns,
            "first_frame": flow.first.number, "last_frame": flow.last.number, "duplicates": flow.duplicates, "handshake": flow.handshake,
            "close": flow.close, "closed_first": flow.closed_first, "history": [of_transition(change) for change in flow.history]}
    ends = {which: flow.end(which) for which in ("client", "server")}
    for which, end in ends.items():
        told[which] = {"ip": end.address.ip, "port": end.address.port}
    for name in ("packets", "payload_bytes", "wire_bytes", "final"):
        told[name] = {which: getattr(end, name) for which, end in ends.items()}
    told["final_possible"] = {which: list(end.final_possible) for which, end in ends.items()}
    return told


def of_finding(finding):
    told = {name: getattr(finding, name) for name in ("id", "severity", "scope", "certainty", "flow", "host", "port", "endpoint", "time_ns",
                                                      "end_ns", "count", "summary")}
    told["frames"] = [frame.number for frame in finding.frames]
    told["evidence"] = {name: list(value) if isinstance(value, tuple) else value for name, value in finding.evidence.items()}
    told["sample_flows"] = list(finding.sample_flows) if finding.scope == "host" else None
    return told


def of_incident(incident):
    told = dataclasses.asdict(incident)
    impact = {name: told.pop(name) for name in ("connections_failed", "connections_reset", "time_lost_ns")}
    return {**told, "sample_flows": list(incident.sample_flows), "impact": impact}


def only(record, names):
    return {name: record[name] for name in names}


def by_place(findings):
    return sorted(findings, key=lambda finding: (finding["time_ns"], json.dumps(finding)))


@contextlib.contextmanager
def fifo():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fifo.pcap")
        os.mkfifo(path)
        yield path


def threads():
    return len(os.listdir("/proc/self/task"))


class SameAsTheCommandLine(unittest.TestCase):
    """Of every sample."""

    def setUp(self):
        self.assertGreater(len(SAMPLES), 10)

    def test_flows_and_histories(self):
        for path in SAMPLES:
            told, result = tcpautopsy.analyse(path)
            expected = records("flows", path)
            self.assertEqual(result.flows, len(expected), path)
            self.assertEqual([of_flow(flow) for flow in told], [only(record, of_flow(told[0])) for record in expected], path)

    def test_counts_and_round_trips(self):
        for path in SAMPLES:
            for flow, record in zip(tcpautopsy.analyse(path)[0], records("flows", path), strict=True):
                for which in ("client", "server"):
                    self.assertEqual(flow.end(which).retransmissions, record["counts"][which]["retransmissions"])
                    self.assertEqual(flow.end(which).rtt_ns, record["rtt_ns"][which] and record["rtt_ns"][which]["min"])

    def test_findings(self):
        for path in SAMPLES:
            flows, result = tcpautopsy.analyse(path)
            told = [of_finding(finding) for flow in flows for finding in flow.findings] + [of_finding(finding) for finding in result.findings]
            expected = [only(record, of_finding(tcpautopsy.Finding())) for record in records("findings", path)]
            self.assertEqual(by_place(told), by_place(expected), path)

    def test_incidents(self):
        for path in SAMPLES:
            incidents = tcpautopsy.analyse(path)[1].incidents
            expected = json.loads(tool("report", "--format", "json", path))["incidents"]
            self.assertEqual([of_incident(one) for one in incidents], [only(record, of_incident(one)) for record, one in
                                                                       zip(expected, incidents, strict=True)], path)

    def test_with_options(self):
        end, plain = 1_795_250_400, tcpautopsy.analyse(MIXED)
        for arguments, options in (
                (("--profile", "windows"), {"profile": "windows"}),
                (("--time-wait", "1"), {"profile_numbers": {"time_wait": 1_000_000_000}}),
                (("--set", "retransmission_rate.min_segments=1"), {"thresholds": {"retransmission_rate.min_segments": 1}}),
                (("--capture-end", str(end)), {"capture_end_ns": end * 10**9}),
                (("--filter", "tcp port 443"), {"filter": "tcp port 443"})):
            flows, result = tcpautopsy.analyse(MIXED, **options)
            self.assertEqual([of_flow(flow) for flow in flows], [only(record, of_flow(flows[0])) for record in records("flows", *arguments, MIXED)])
            found = collections.Counter(finding.id for told in (*flows, result) for finding in told.findings)
            self.assertEqual(found, collections.Counter(record["id"] for record in records("findings", *arguments, MIXED)))
            self.assertTrue((flows, result) != plain, f"{options} changes nothing")

    def test_limits(self):
        for name, bound in (("records", 64), ("incarnations", 2), ("memory", 256 << 20)):
            arguments = (f"--max-{name}", bound, MIXED, MIXED)
            flows, result = tcpautopsy.analyse(MIXED, MIXED, limits={name: bound})
            self.assertEqual([of_flow(flow) for flow in flows], [only(record, of_flow(flows[0])) for record in records("flows", *arguments)])
            expected = collections.Counter()
            for capture in json.loads(tool("report", "--format", "json", *arguments))["captures"]:
                expected.update(capture["limits_met"])
            self.assertEqual({limit.name: limit.count for limit in result.limits_met}, {one: count for one, count in expected.items() if count})
            for limit in result.limits_met:
                self.assertTrue(limit.text.startswith(f"{limit.count} "), limit)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "open.pcap")
            path.write_bytes(pcap([packet for i in range(10) for packet in connection(start=i, isn=1000 + i * 0x1000000)[:3]]))
            self.assertEqual([limit.name for limit in tcpautopsy.analyse(path, limits={"incarnations": 2})[1].limits_met], ["incarnations"])

    def test_several_captures(self):
        paths = [REFUSED, MIXED]
        told = [(flow.number, flow.first.file, flow.first.number) for flow in tcpautopsy.analyse(*paths)[0]]
        expected = [(record["flow"], [str(path) for path in paths].index(record["file"]), record["first_frame"]) for record in records("flows", *paths)]
        self.assertEqual(told, expected)


class Values(unittest.TestCase):
    CLASSES = [value for value in vars(tcpautopsy).values() if dataclasses.is_dataclass(value)]

    def check(self, value, hint):
        """That a value, and all within it, is what the annotation says."""
        if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
            fitting = [one for one in typing.get_args(hint) if isinstance(value, typing.get_origin(one) or one)]
            self.assertTrue(fitting, f"{value!r} is no {hint}")
            return self.check(value, fitting[0])
        self.assertIsInstance(value, typing.get_origin(hint) or hint)
        if typing.get_origin(hint) is tuple:
            for one in value:
                self.check(one, typing.get_args(hint)[0])
        elif typing.get_origin(hint):
            for name, one in value.items():
                self.check(name, typing.get_args(hint)[0])
                self.check(one, typing.get_args(hint)[1])
        elif dataclasses.is_dataclass(hint):
            for name, inner in typing.get_type_hints(hint).items():
                self.check(getattr(value, name), inner)
        return None

    def test_are_of_the_annotated_types(self):
        for path in SAMPLES:
            flows, result = tcpautopsy.analyse(path)
            self.check(result, tcpautopsy.Result)
            for flow in flows:
                self.check(flow, tcpautopsy.Flow)

    def test_every_field_is_documented(self):
        self.assertEqual(len(self.CLASSES), 13)
        for one in self.CLASSES:
            for field in dataclasses.fields(one):
                self.assertRegex(one.__doc__, rf"(?m)^ *{field.name}: ", one.__name__)
        for name in inspect.signature(tcpautopsy.Analysis).parameters:
            self.assertRegex(tcpautopsy.Analysis.__init__.__doc__, rf"(?m)^ *{name}: ")
        for name in tcpautopsy.__all__:
            self.assertTrue(name == "EvidenceValue" or getattr(tcpautopsy, name).__doc__, name)

    def test_options_are_annotated_alike(self):
        hints = typing.get_type_hints(tcpautopsy.Analysis.__init__)
        options = {name: hints[name] for name, parameter in inspect.signature(tcpautopsy.Analysis).parameters.items()
                   if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
        self.assertEqual(typing.get_type_hints(tcpautopsy.Options), options)

    def test_stub_of_the_compiled_module(self):
        tree = ast.parse((PACKAGES / "tcpautopsy/_core.pyi").read_text(encoding="utf-8"))
        written = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        core = sys.modules["tcpautopsy._core"]
        self.assertEqual(set(written), {name for name in vars(core) if not name.startswith("__")})
        self.assertEqual({node.name for node in written["Reading"].body if node.name != "__init__"},
                         {name for name in vars(core.Reading) if not name.startswith("_")})
        self.assertTrue((PACKAGES / "tcpautopsy/py.typed").exists())

    def test_words_are_those_of_the_schema(self):
        schema = json.loads((ROOT / "docs/schema/common.json").read_text(encoding="utf-8"))
        definitions = schema.get("$defs") or schema["definitions"]
        for name, words in (("state", tcpautopsy.State), ("severity", tcpautopsy.Severity), ("certainty", tcpautopsy.Certainty)):
            self.assertEqual(set(definitions[name]["enum"]), {word.value for word in words}, name)

    def test_severities_are_in_rising_order(self):
        self.assertEqual(sorted(tcpautopsy.Severity), ["info", "note", "warning", "error"])
        self.assertLess(tcpautopsy.Severity.NOTE, "warning")
        self.assertGreaterEqual(tcpautopsy.Severity("error"), tcpautopsy.Severity.ERROR)
        with self.assertRaises(ValueError):
            self.assertLess(tcpautopsy.Severity.NOTE, "nothing")

    def test_outlive_the_analysis(self):
        flows, result = tcpautopsy.analyse(MIXED)
        again = tcpautopsy.analyse(MIXED)
        self.assertEqual(pickle.loads(pickle.dumps((flows, result))), again)
        self.assertEqual(len({flow.client.address for flow in flows}), len({str(flow.client.address) for flow in again[0]}))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            flows[0].number = 7

    def test_a_flow_shows_itself_in_a_line(self):
        self.assertEqual(repr(tcpautopsy.analyse(REFUSED)[0][0]), "<Flow 0: 10.0.0.1:40000 to 10.0.0.2:80, handshake refused, close open, "
                         "client CLOSED, server CLOSED, connection_refused>")


class Reading(unittest.TestCase):
    def test_flows_come_while_the_capture_is_read(self):
        """The first one while the rest of the capture is still to be written; all of this while another thread waits in the library."""
        # An hour apart, so that each is over when the next begins.
        whole = captures.pcap([packet for hour in range(400) for packet in captures.connection(start=3600 * hour, isn=1000 * hour)])
        with fifo() as path:
            told, first = [], threading.Event()

            def take():
                for flow in tcpautopsy.flows(path):
                    told.append(flow)
                    first.set()

            taker = threading.Thread(target=take)
            taker.start()
            with open(path, "wb") as pipe:
                pipe.write(whole[:-100])
                pipe.flush()
                first.wait()
                before = len(told)
                pipe.write(whole[-100:])
            taker.join()
        self.assertLess(before, 400)
        self.assertEqual([flow.close for flow in told], ["both_fin"] * 400)

    def test_analyses_side_by_side(self):
        found = []
        workers = [threading.Thread(target=lambda: found.append(tcpautopsy.analyse(MIXED))) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(found, [tcpautopsy.analyse(MIXED)] * 4)

    def test_a_loop_that_is_left_ends_the_analysis(self):
        before = threads()
        for flow in tcpautopsy.flows(MIXED):
            break
        self.assertIsInstance(flow, tcpautopsy.Flow)
        self.assertEqual(threads(), before)

    def test_close(self):
        before = threads()
        with tcpautopsy.Analysis(MIXED) as analysis:
            self.assertEqual(repr(analysis), "<Analysis: reading>")
            next(analysis)
        self.assertEqual(threads(), before)
        self.assertEqual(repr(analysis), "<Analysis: closed>")
        self.assertEqual(list(analysis), [])
        with self.assertRaisesRegex(RuntimeError, "before all was read"):
            analysis.result()
        unused = tcpautopsy.Analysis(MIXED)
        del unused
        self.assertEqual(threads(), before)

    def test_result_reads_what_is_left(self):
        analysis = tcpautopsy.Analysis(MIXED)
        next(analysis)
        self.assertEqual(analysis.result(), tcpautopsy.analyse(MIXED)[1])
        self.assertEqual(repr(analysis), "<Analysis: all read>")
        analysis.close()
        self.assertEqual(analysis.result().flows, 49)

    def test_an_interpreter_that_ends_while_it_reads(self):
        with python("-c", f"import tcpautopsy\nkept = tcpautopsy.Analysis({str(MIXED)!r})\nprint(next(kept).number)") as child:
            out, err = child.communicate()
        self.assertEqual((child.returncode, err), (0, ""))
        self.assertRegex(out, r"^\d+\n$")

    def test_an_interrupt_is_heard_while_nothing_comes(self):
        script = ("import sys, tcpautopsy\nanalysis = tcpautopsy.Analysis(sys.argv[1])\n"
                  "try: next(analysis)\nexcept KeyboardInterrupt: print('interrupted', flush=True)\nanalysis.close()\n")
        with fifo() as path, python("-c", script, path) as child:
            with open(path, "wb"):  # the analysis reads, and waits for the first byte
                child.send_signal(signal.SIGINT)
                self.assertEqual(child.stdout.readline(), "interrupted\n", child.stderr)
            self.assertEqual(child.wait(), 0)


class Errors(unittest.TestCase):
    def test_no_capture(self):
        with self.assertRaisesRegex(tcpautopsy.InputError, "^/nowhere.pcap: No such file or directory$"):
            tcpautopsy.analyse("/nowhere.pcap")

    def test_options(self):
        for options, said in (({"profile": "dos"}, "profile 'dos' is none of linux"), ({"thresholds": {"x.y": 1}}, "there is no threshold 'x.y'"),
                              ({"profile_numbers": {"time_wait": -1}}, "'time_wait' must be"),
                              ({"limits": {"records": 63}}, "limit 'records' must be from 64 to"), ({"limits": {"x": 1}}, "there is no limit 'x'"),
                              ({"limits": {"memory": -1}}, "limit 'memory' must be 0 or more, not -1"),
                              ({"detectors": {"connection_refused": lambda flow: None}}, "there is a detector 'connection_refused' already")):
            with self.assertRaisesRegex(tcpautopsy.OptionError, said) as caught:
                tcpautopsy.Analysis(MIXED, **options)
            self.assertIsInstance(caught.exception, ValueError)
            self.assertIsInstance(caught.exception, tcpautopsy.Error)
        with self.assertRaisesRegex(tcpautopsy.OptionError, "no capture is named"):
            tcpautopsy.Analysis()
        with self.assertRaises(TypeError):
            tcpautopsy.Analysis(MIXED, thresholds={"syn_flood.min_half_open": "many"})
        with self.assertRaisesRegex(tcpautopsy.InputError, "filter"):
            tcpautopsy.analyse(MIXED, filter="((")

    def test_a_damaged_capture(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "cut.pcap")
            pathlib.Path(path).write_bytes(MIXED.read_bytes()[:-7])
            said = rf"^{path}: damaged at byte offset \d+, after packet 1077: "
            with self.assertWarnsRegex(tcpautopsy.DamageWarning, said):
                flows, result = tcpautopsy.analyse(path)
            self.assertEqual((result.packets, len(result.problems)), (1077, 1))
            self.assertEqual(len(flows), 49)
            told = []
            with self.assertRaisesRegex(tcpautopsy.InputError, said):
                told.extend(tcpautopsy.flows(path, strict=True))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                tcpautopsy.analyse(MIXED, strict=True)


class OwnDetectors(unittest.TestCase):
    FOUND = tcpautopsy.Finding(severity=tcpautopsy.Severity.WARNING, certainty=tcpautopsy.Certainty.LIKELY, endpoint=tcpautopsy.Endpoint.SERVER,
                               time_ns=5, end_ns=7, count=3, frames=(tcpautopsy.Frame(0, 1, 5),), frames_left_out=2, summary="as told",
                               evidence={"true": True, "whole": 1, "part": 0.5, "word": "w", "list_ns": (1, 2)})

    def test_what_they_find_is_told_with_the_flow(self):
        asked = []

        def examine(flow):
            asked.append(flow.number)
            yield self.FOUND

        (flow,), result = tcpautopsy.analyse(REFUSED, detectors={"mine": examine, "silent": lambda flow: None})
        self.assertEqual(asked, [0])
        self.assertEqual([finding.id for finding in flow.findings], ["connection_refused", "mine"])
        self.assertEqual(flow.findings[1], dataclasses.replace(self.FOUND, id="mine", flow=0))
        self.assertEqual(len(result.incidents), 1)

    def test_their_errors_end_the_analysis(self):
        def fails(flow):
            raise KeyError(flow.number)

        before = threads()
        with self.assertRaises(KeyError):
            tcpautopsy.analyse(MIXED, detectors={"mine": fails})
        for wrong, error in ((1, TypeError), ([1], TypeError), ([dataclasses.replace(self.FOUND, severity="fatal")], ValueError),
                             ([dataclasses.replace(self.FOUND, evidence={"x": object()})], RuntimeError),
                             ([dataclasses.replace(self.FOUND, count=-1)], RuntimeError)):
            with self.assertRaises(error, msg=wrong):
                tcpautopsy.analyse(MIXED, detectors={"mine": lambda flow, wrong=wrong: wrong})
        self.assertEqual(threads(), before)


class Bytes(tcpautopsy.StreamReader):
    """Of every connection each direction's bytes, and what else is called."""

    def __init__(self):
        self.told = collections.defaultdict(bytes)
        self.calls = collections.Counter()
        self.ended = []

    def data(self, flow, data):
        assert data.offset == len(self.told[flow.number, data.sender])
        self.told[flow.number, data.sender] += data.data
        self.calls["data"] += 1

    def gap(self, flow, gap):
        self.calls["gap", gap.reason] += gap.length
        self.told[flow.number, gap.sender] += bytes(gap.length)

    def conflict(self, flow, conflict):
        self.calls["conflict"] += 1

    def end(self, flow):
        self.ended.append(flow.number)


class Streams(unittest.TestCase):
    def test_are_those_of_the_command_line(self):
        for path in (MIXED, ROOT / "samples/half_close/case.pcap"):
            reader = Bytes()
            flows, _ = tcpautopsy.analyse(path, streams=reader)
            self.assertEqual(sorted(reader.ended), [flow.number for flow in flows])
            compared = 0
            for flow in flows:
                for which, place in (("client", 0), ("server", 1)):
                    length = flow.end(which).payload_bytes
                    if flow.client_guessed or flow.self_connection or not length:
                        continue
                    raw = subprocess.run([TOOL, "stream", "--flow", str(flow.number), "--direction", which, "--raw", path], capture_output=True, check=True).stdout
                    self.assertEqual(reader.told[flow.number, place].replace(b"\0", b""), raw.replace(b"\0", b""), (path, flow.number, which))
                    compared += 1
            self.assertGreater(compared, 0)

    def test_gaps_and_conflicts(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "cut.pcap")
            ends = ((10, 0, 0, 1), 50000), ((10, 0, 0, 2), 80)
            packets = [(number / 10, captures.segment(*ends, captures.ACK, seq, 1, payload))
                       for number, (seq, payload) in enumerate([(1, b"abc"), (1, b"xyz"), (10, b"def")])]
            packets.append((0.3, captures.segment(*reversed(ends), captures.ACK, 1, 13)))
            pathlib.Path(path).write_bytes(captures.pcap(packets))
            reader = Bytes()
            tcpautopsy.analyse(path, streams=reader)
        self.assertEqual(reader.told[0, 0], b"abc" + bytes(6) + b"def")
        self.assertEqual(reader.calls["gap", "not_captured"], 6)
        self.assertEqual(reader.calls["conflict"], 1)

    def test_only_what_is_wanted(self):
        class Seventh(Bytes):
            def wants(self, flow):
                assert isinstance(flow.ends[0], tcpautopsy.Address)
                return flow.number == 7

        reader = Seventh()
        tcpautopsy.analyse(MIXED, streams=reader)
        self.assertEqual({number for number, _ in reader.told}, {7})

    def test_an_error_ends_the_analysis(self):
        class Fails(tcpautopsy.StreamReader):
            def data(self, flow, data):
                raise KeyError(flow.number)

        before = threads()
        with self.assertRaises(KeyError):
            tcpautopsy.analyse(MIXED, streams=Fails())
        self.assertEqual(threads(), before)


class Tables(unittest.TestCase):
    def test_rows_are_flat(self):
        flows, result = tcpautopsy.analyse(MIXED)
        made = list(tcpautopsy.rows(flows))
        self.assertEqual([row["server_address_port"] for row in made], [flow.server.address.port for flow in flows])
        self.assertEqual(made[13]["findings"], [finding.id for finding in flows[13].findings])
        history = list(tcpautopsy.rows(flows, of="history"))
        self.assertEqual([(row["flow"], row["to_state"], row["frame_number"]) for row in history],
                         [(flow.number, change.to_state, number(change.frame)) for flow in flows for change in flow.history])
        findings = list(tcpautopsy.rows(flows, of="findings"))
        self.assertEqual(len(findings), sum(len(flow.findings) for flow in flows))
        incidents = list(tcpautopsy.rows(result.incidents))
        self.assertEqual({row["service_port"] for row in incidents}, {one.service and one.service.port for one in result.incidents})
        for table in (made, history, findings, incidents):
            self.assertEqual({tuple(row) for row in table}, {tuple(table[0])}, "all rows have the same columns")
            json.dumps(table)
            self.assertFalse([value for row in table for value in row.values() if isinstance(value, enum.Enum) or dataclasses.is_dataclass(value)])

    def test_only_flows_have_histories(self):
        with self.assertRaisesRegex(TypeError, "only flows have history, not Incident"):
            list(tcpautopsy.rows(tcpautopsy.analyse(MIXED)[1].incidents, of="history"))

    def test_pandas_gets_the_rows(self):
        flows = tcpautopsy.analyse(MIXED)[0]
        stand_in = types.SimpleNamespace(DataFrame=dict, array=lambda values, dtype: (dtype, values))
        with unittest.mock.patch.dict(sys.modules, pandas=stand_in):
            made = tcpautopsy.to_pandas(flows, of="history")
            self.assertEqual(tcpautopsy.to_pandas([]), {})
        expected = list(tcpautopsy.rows(flows, of="history"))
        self.assertEqual(made["cause"], [row["cause"] for row in expected])
        self.assertEqual(made["frame_time_ns"], ("Int64", [row["frame_time_ns"] for row in expected]))
        try:
            import pandas
        except ImportError:
            print("pandas is not installed: tried with a stand-in alone", file=sys.stderr)
            return
        frame = tcpautopsy.to_pandas(flows, of="history")
        self.assertIsInstance(frame, pandas.DataFrame)
        self.assertEqual([None if value is pandas.NA else value for value in frame.frame_time_ns], made["frame_time_ns"][1])
        self.assertEqual(list(frame.at_ns), made["at_ns"])

    def test_without_pandas(self):
        with unittest.mock.patch.dict(sys.modules, pandas=None), self.assertRaisesRegex(ImportError, "needs pandas, which is not installed"):
            tcpautopsy.to_pandas([])


class Package(unittest.TestCase):
    def test_version(self):
        self.assertEqual(tcpautopsy.__version__, VERSION)

    def test_what_the_readme_shows(self):
        (shown,) = re.findall(r"(?s)^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
        names = {}
        with unittest.mock.patch.dict(sys.modules, pandas=types.SimpleNamespace(DataFrame=dict, array=lambda values, dtype: values)), contextlib.redirect_stdout(io.StringIO()) as out:
            exec(shown.replace("morning.pcap", str(MIXED)), names)
        self.assertIn("0 client CLOSED SYN-SENT observed ()", out.getvalue())
        self.assertIn(names["result"].incidents[0].verdict, out.getvalue())
        self.assertEqual(names["frame"]["id"], [row["id"] for row in tcpautopsy.rows(names["flows"], of="findings")])

    def test_example(self):
        with python(ROOT / "examples/resets_by_server.py", MIXED) as child:
            out, err = child.communicate()
        self.assertEqual((child.returncode, err), (0, ""))
        expected = collections.Counter((record["server"]["ip"], record["server"]["port"], record["close"]) for record in records("flows", MIXED)
                                       if record["close"].endswith("_rst"))
        told = {}
        for line in out.splitlines():
            count, server, _, _, _, who = line.split()
            ip, port = server.rsplit(":", 1)
            told[ip.strip("[]"), int(port), f"{who}_rst"] = int(count)
        self.assertTrue(told)
        self.assertEqual(told, expected)
        with python(ROOT / "examples/resets_by_server.py", "/nowhere.pcap") as child:
            self.assertEqual(child.communicate()[1], "/nowhere.pcap: No such file or directory\n")


if __name__ == "__main__":
    unittest.main()
