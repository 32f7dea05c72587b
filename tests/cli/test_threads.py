#!/usr/bin/env python3
"""--threads: results are the same whatever the number."""
import pathlib
import unittest

from captures import Folder, connection, pcap, refused, run

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
WAYS = [("flows", "--format", "ndjson"), ("flows", "--unordered", "--format", "ndjson"), ("findings", "--format", "csv"),
        ("findings", "--format", "ndjson", "--finding", "connection_refused"), ("report", "--format", "json"), ("history", "--flow", "0"),
        ("ss", "--at", "end")]


def many():
    """Connections of which some are over long before the capture's end, on ports used again and again."""
    packets = []
    for start in range(0, 900, 3):
        packets += connection(client=((10, 0, 0, 1 + start % 5), 40000 + start % 7), start=float(start))
        packets += refused(port=50001 + start, start=start + 1.0)
    return packets


class Threads(unittest.TestCase):
    def same(self, *arguments):
        one = run(*arguments, "--threads", "1")
        self.assertTrue(one[1] or arguments[0] in ("findings", "ss"), arguments)
        for threads in ("2", "3", "5"):
            self.assertEqual(one, run(*arguments, "--threads", threads), (arguments, threads))

    def test_samples(self):
        for path in sorted(SAMPLES.glob("*/*.pcap*")):
            for way in WAYS:
                self.same(*way, str(path))

    def test_flows_that_are_over_before_the_end(self):
        with Folder() as folder:
            path = folder.file("many.pcap", pcap(many()))
            for way in WAYS:
                self.same(*way, path)

    def test_damage_is_told_after_what_was_read(self):
        with Folder() as folder:
            path = folder.file("cut.pcap", pcap(many())[:-30])
            self.same("flows", "--format", "ndjson", path)
            self.assertEqual(run("flows", path, "--threads", "3")[0], 1)

    def test_several_files(self):
        with Folder() as folder:
            paths = [folder.file(f"{i}.pcap", pcap(connection(start=float(i)))) for i in range(3)]
            self.same("flows", "--format", "ndjson", *paths)

    def test_output_that_cannot_be_written_ends_every_thread(self):
        with Folder() as folder:
            path = folder.file("many.pcap", pcap(many()))
            arguments = ("flows", "--unordered", "--format", "ndjson", path, "-o", "/dev/full", "--threads")
            one, three = run(*arguments, "1"), run(*arguments, "3")
            self.assertEqual((one[0], one[2]), (three[0], three[2]))
            self.assertIn("No space left", three[2])

    def test_a_number_is_asked_for(self):
        for wrong in ("0", "two", "-1"):
            self.assertEqual(run("flows", "x.pcap", "--threads", wrong)[0], 2)


if __name__ == "__main__":
    unittest.main()
