"""Connections that ended by RST, by server and by who reset them, most first: resets_by_server.py CAPTURE..."""
import collections
import sys

import tcpautopsy


def main() -> None:
    resets: collections.Counter[tuple[tcpautopsy.Address, str]] = collections.Counter()
    for flow in tcpautopsy.flows(*sys.argv[1:]):
        if flow.close.endswith("_rst"):
            resets[flow.server.address, flow.close.removesuffix("_rst")] += 1
    for (server, who), count in resets.most_common():
        print(f"{count:6} {server} reset by the {who}")


try:
    main()
except tcpautopsy.Error as error:
    sys.exit(str(error))
