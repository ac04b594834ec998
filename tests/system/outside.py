"""The world outside, as far as tests have it: a network namespace with a web server and a resolver in it.

As a script it is those two servers, on the address that it is given; they say who asked them. Tests use `standing`.
"""

import contextlib
import fcntl
import http.server
import json
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

NAMESPACE, LINK = "stout", "stout0"  # of no steward's prefix, or its rules would hold for it
HOST, ADDRESS = "203.0.113.1", "203.0.113.2"  # TEST-NET-3: nobody's
PORT = 8000
URL = f"http://{ADDRESS}:{PORT}/"
NAME = "somewhere.outside.test"


@contextlib.contextmanager
def standing() -> Iterator[None]:
    with Path(tempfile.gettempdir(), "steward-test-outside.lock").open("w") as turn:
        # There is one outside; another run of these tests may need it for a moment.
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield from _served()


def _served() -> Iterator[None]:
    _ip("netns", "del", NAMESPACE, check=False)
    _ip("link", "del", LINK, check=False)
    _ip("netns", "add", NAMESPACE)
    _ip("link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
    _ip("addr", "add", f"{HOST}/24", "dev", LINK)
    _ip("link", "set", LINK, "up")
    _ip("-n", NAMESPACE, "addr", "add", f"{ADDRESS}/24", "dev", "eth0")
    _ip("-n", NAMESPACE, "link", "set", "eth0", "up")
    inside = ["nsenter", f"--net=/run/netns/{NAMESPACE}", sys.executable, str(Path(__file__)), ADDRESS]
    servers = subprocess.Popen(inside, stdout=subprocess.PIPE, text=True)
    try:
        assert servers.stdout is not None
        assert servers.stdout.readline() == "ready\n"
        yield
    finally:
        servers.terminate()
        servers.communicate(timeout=60)
        _ip("netns", "del", NAMESPACE)
        _ip("link", "del", LINK, check=False)


def asked_by(answer: str) -> str:
    """The address that the web server saw."""
    return str(json.loads(answer)["from"])


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=check)


class _Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"from": self.client_address[0]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class _Names(socketserver.BaseRequestHandler):
    """Every name ending in `.outside.test` has the servers' own address, no other name exists."""

    def handle(self) -> None:
        question, socket = self.request
        name, end = [], 12
        while question[end]:
            name.append(question[end + 1 : end + 1 + question[end]].decode())
            end += 1 + question[end]
        kind = struct.unpack(">H", question[end + 1 : end + 3])[0]
        known = ".".join(name).lower().endswith("outside.test")
        found = known and kind == 1
        header = question[:2] + struct.pack(">HHHHH", 0x8400 | (0 if known else 3), 1, int(found), 0, 0)
        answer = (
            b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + bytes(map(int, self.server.server_address[0].split(".")))
        )
        socket.sendto(header + question[12 : end + 5] + (answer if found else b""), self.client_address)


def main() -> None:
    address = sys.argv[1]
    names = socketserver.ThreadingUDPServer((address, 53), _Names)
    threading.Thread(target=names.serve_forever, daemon=True).start()
    web = http.server.ThreadingHTTPServer((address, PORT), _Web)
    print("ready", flush=True)
    web.serve_forever()


if __name__ == "__main__":
    main()
