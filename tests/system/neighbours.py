"""A network beside the host, whose two machines reach an API server by an address that the host maps to it.

The mapping keeps the source, as an operator's has to; so the cluster sees who it is that comes.
"""

import contextlib
import fcntl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from steward.domain import networks

NAMESPACE, LINK, TABLE = "stnbr", "stnbr0", "stnbr"  # of no steward's prefix, or its rules would hold for it
HOST, PORT = "198.51.100.1", 16443  # TEST-NET-2: nobody's
FRIEND, STRANGER = "198.51.100.10", "198.51.100.20"
SECONDS = 2.0

_CONNECTING = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[4]), (sys.argv[3], 0)).close()
except OSError:
    sys.exit(1)
"""
_ASKING = """
import http.client, ssl, sys
line = http.client.HTTPSConnection(sys.argv[1], int(sys.argv[2]), timeout=float(sys.argv[4]),
    source_address=(sys.argv[3], 0), context=ssl._create_unverified_context())
try:
    line.request("GET", "/version")
    print(line.getresponse().status)
except OSError:
    sys.exit(1)
"""


@contextlib.contextmanager
def standing(api: IPv4Address | None = None) -> Iterator[None]:
    """Without an API server nothing is mapped."""
    with Path(tempfile.gettempdir(), "steward-test-neighbours.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _cleared()
        try:
            _made(api)
            yield
        finally:
            _cleared()


def connects(source: str) -> bool:
    """Whether a connection from there is let in."""
    return _run(_CONNECTING, source).returncode == 0


def asked(source: str, port: int = PORT) -> str:
    """The status of an answer that needs no credentials; empty where nobody answers."""
    return _run(_ASKING, source, port).stdout.strip()


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """As the friend does, where the command names no other source."""
    inside = ["nsenter", f"--net=/run/netns/{NAMESPACE}", "--", *command]
    return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=60)


def _run(script: str, source: str, port: int = PORT) -> "subprocess.CompletedProcess[str]":
    return run(sys.executable, "-c", script, HOST, str(port), source, str(SECONDS))


def _made(api: IPv4Address | None) -> None:
    _ip("netns", "add", NAMESPACE)
    _ip("link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
    _ip("addr", "add", f"{HOST}/24", "dev", LINK)
    _ip("link", "set", LINK, "up")
    for address in (FRIEND, STRANGER):
        _ip("-n", NAMESPACE, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", NAMESPACE, "link", "set", "eth0", "up")
    if api is None:
        return
    mapping = f"""
table ip {TABLE} {{
  chain mapped {{
    type nat hook prerouting priority -100; policy accept;
    iifname "{LINK}" ip daddr {HOST} tcp dport {PORT} dnat to {api}:{networks.API_PORT}
  }}
}}
"""
    subprocess.run(["nft", "-f", "-"], input=mapping, text=True, check=True)


def _cleared() -> None:
    for command in (
        ["nft", "delete", "table", "ip", TABLE],
        ["ip", "netns", "del", NAMESPACE],
        ["ip", "link", "del", LINK],
    ):
        subprocess.run(command, check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
