#!/usr/bin/env python3
"""Where nobody asks for the plugin, tshark does no more than without it: told by whether it dissects, not by time."""
import os
import unittest

from test_samples import sample
from wireshark import HOME, tshark

COUNTER = """
local counter = Proto("counter", "Tells that packets are dissected")
function counter.dissector() io.stderr:write("dissected\\n") end
register_postdissector(counter)
"""


class NobodyAsks(unittest.TestCase):
    def setUp(self):
        self.script = os.path.join(HOME, "counter.lua")
        with open(self.script, "w", encoding="ascii") as file:
            file.write(COUNTER)
        os.chmod(self.script, 0o644)

    def dissected(self, *arguments):
        done = tshark("-X", "lua_script:" + self.script, "-r", sample("refused"), *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr.count("dissected\n")

    def test_writing_and_reading_in_silence_dissect_nothing(self):
        for passes in ([], ["-2"]):
            for silent in (["-w", os.devnull], ["-q"]):
                with self.subTest(passes + silent):
                    self.assertEqual(self.dissected(*passes, *silent), 0)

    def test_who_asks_is_answered(self):
        for passes, times in (([], 3), (["-2"], 6)):
            self.assertEqual(self.dissected(*passes, "-q", "-z", "tcpautopsy_findings,stat"), times)
            self.assertEqual(self.dissected(*passes, "-w", os.devnull, "-Y", "tcpautopsy"), times)


if __name__ == "__main__":
    unittest.main()
