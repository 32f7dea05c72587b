#!/usr/bin/env python3
""".ci/check-includes over scratch trees. Usage: check_includes.py SCRIPT"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1)).resolve()
LAYERS = "tcpautopsy_layer(seq)\ntcpautopsy_layer(flow seq)\ntcpautopsy_layer(infer flow)\ntcpautopsy_layer(detect infer)\n"
PLAIN = {
    "analyzer/CMakeLists.txt": LAYERS,
    "analyzer/seq/seq.h": "",
    "analyzer/flow/segment_record.h": '#include "analyzer/seq/seq.h"\n',
    "analyzer/flow/flow_facts.h": "#include <vector>\n",
    "analyzer/infer/verdicts.h": '#include "analyzer/flow/flow_facts.h"\n',
    "analyzer/infer/trellis.h": '#pragma once\n\n#include "analyzer/flow/segment_record.h"\n',
    "analyzer/detect/detector.h": '#include "analyzer/infer/verdicts.h"\n#include "analyzer/seq/seq.h"\n',
    "analyzer/detect/closing/half_close.cc": '#include "analyzer/detect/detector.h"\n#include "detectors.inc"\n',
    "cli/main.cc": '#include "analyzer/seq/seq.h"\n',
}


def check(**changed):
    """Status and complaints of the plain tree with these files, by path, in their places."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**PLAIN, **changed}.items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        done = subprocess.run([SCRIPT, folder], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr.splitlines()


class CheckIncludes(unittest.TestCase):
    def test_what_may_be(self):
        self.assertEqual(check(), (0, []))

    def test_a_layer_it_does_not_link(self):
        status, said = check(**{"analyzer/seq/seq.h": '\n# include "analyzer/flow/flow_facts.h"\n'})
        self.assertEqual(status, 1)
        self.assertEqual(said, ["analyzer/seq/seq.h:2: layer seq may not include analyzer/flow/flow_facts.h: it does not link flow"])

    def test_a_folder_that_is_no_layer(self):
        status, said = check(**{"analyzer/extra/extra.h": '#include "analyzer/seq/seq.h"\n'})
        self.assertEqual(status, 1)
        self.assertIn("analyzer/extra/extra.h:1: layer extra may not include", said[0])

    def test_what_stands_on_top(self):
        status, said = check(**{"analyzer/seq/seq.h": '#include "cli/output.h"\n', "cli/output.h": ""})
        self.assertEqual((status, said), (1, ["analyzer/seq/seq.h:1: analyzer/ includes cli/output.h"]))

    def test_a_detector_that_sees_packets(self):
        status, said = check(**{"analyzer/detect/closing/half_close.cc": '#include "analyzer/flow/segment_record.h"\n'})
        self.assertEqual(status, 1)
        self.assertEqual(said, ["analyzer/detect/closing/half_close.cc:1: analyzer/detect/ may not see analyzer/flow/segment_record.h: "
                                "analyzer/flow/segment_record.h"])

    def test_a_detector_that_sees_packets_through_others(self):
        # It is told once: half_close.cc sees them through detector.h, which is at fault.
        status, said = check(**{"analyzer/detect/detector.h": '#include "analyzer/infer/verdicts.h"\n#include "analyzer/infer/trellis.h"\n'})
        self.assertEqual(status, 1)
        self.assertEqual(said, ["analyzer/detect/detector.h:2: analyzer/detect/ may not see analyzer/flow/segment_record.h: "
                                "analyzer/infer/trellis.h:3 > analyzer/flow/segment_record.h"])


if __name__ == "__main__":
    unittest.main()
