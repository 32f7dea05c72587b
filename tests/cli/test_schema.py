#!/usr/bin/env python3
"""Records of all samples and scripts are as docs/schema describes them, in every command and in a store; a field more or less is found."""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import unittest

import jsonschema

from captures import Folder, ndjson, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs/schema"
SAMPLES = sorted(ROOT.glob("samples/*/case.pcap"))


def validator(name):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver(f"{SCHEMAS.as_uri()}/{name}.json", schema))


class Schema(unittest.TestCase):
    def hold(self, name, records):
        """All records against one schema; there must be some."""
        checker, count = validator(name), 0
        for record in records:
            count += 1
            for error in checker.iter_errors(record):
                self.fail(f"{name} {list(error.absolute_path)}: {error.message[:300]}")
        self.assertGreater(count, 0, name)

    def of_samples(self, *command):
        for path in SAMPLES:
            yield from ndjson(*command, str(path))

    def test_flows(self):
        self.hold("flow", self.of_samples("flows"))

    def test_findings(self):
        self.hold("finding", self.of_samples("findings"))

    def test_incidents(self):
        self.hold("incident", (one for path in SAMPLES for one in json.loads(run("report", "--format", "json", str(path))[1])["incidents"]))

    def test_sockets(self):
        self.hold("ss", self.of_samples("ss", "--watch", "20"))
        self.hold("ss", self.of_samples("ss", "--at", "end"))
        self.hold("ss", self.of_samples("ss", "--at", "+1s", "--count"))

    def test_records_of_every_script(self):
        with Folder() as folder:
            captures = []
            for number, script in enumerate(sorted(ROOT.glob("tests/scripts/**/*.tap"))):
                captures.append(folder.path(f"{number}.pcap"))
                subprocess.run([os.environ["TAP2PCAP"], script, captures[-1]], check=True, capture_output=True)
            for name, command in (("flow", "flows"), ("finding", "findings")):
                self.hold(name, ndjson(command, *captures))

    def test_records_of_a_batch(self):
        with Folder() as folder:
            store, lines = folder.path("all.db"), pathlib.Path(folder.path("lines"))
            status, _, err = run("batch", str(ROOT / "samples"), "--out", store, "--ndjson", str(lines), "--quiet")
            self.assertEqual(status, 0, err)
            database = sqlite3.connect(store)
            for table, schema in (("flows", "flow"), ("findings", "finding"), ("incidents", "incident")):
                stored = [json.loads(row[0]) for row in database.execute(f"SELECT record FROM {table}")]
                self.hold(schema, stored)
                written = [json.loads(line) for path in lines.glob(f"{table}/day=*/*.ndjson")
                           for line in path.read_text(encoding="utf-8").splitlines()]
                self.assertEqual(len(written), len(stored))
                self.hold(schema, written)
            database.close()

    def test_what_no_schema_knows_is_found(self):
        flow = ndjson("flows", str(SAMPLES[0]))[0]
        checker = validator("flow")
        self.assertTrue(checker.is_valid(flow))
        self.assertFalse(checker.is_valid({**flow, "new_field": 1}))
        self.assertFalse(checker.is_valid({key: value for key, value in flow.items() if key != "close"}))
        self.assertFalse(checker.is_valid({**flow, "handshake": "unheard_of"}))
        self.assertFalse(checker.is_valid({**flow, "history": [{**change, "more": 1} for change in flow["history"]]}))

    def test_no_object_is_left_open(self):
        def objects(node):
            if isinstance(node, dict):
                if node.get("type") == "object":
                    yield node
                for value in node.values():
                    yield from objects(value)
            elif isinstance(node, list):
                for value in node:
                    yield from objects(value)
        for path in SCHEMAS.glob("*.json"):
            for node in objects(json.loads(path.read_text(encoding="utf-8"))):
                self.assertTrue(node.get("additionalProperties") is False or "propertyNames" in node, path.name)

    def test_every_schema_is_in_the_table(self):
        named = re.findall(r"^\| \[(\w+)\.json\]", (SCHEMAS / "README.md").read_text(encoding="utf-8"), re.M)
        self.assertEqual(sorted([*named, "common"]), sorted(path.stem for path in SCHEMAS.glob("*.json")))


if __name__ == "__main__":
    unittest.main()
