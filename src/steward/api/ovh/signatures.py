"""OVHcloud's request signature, version 1: pure functions.

The signed URL is the one that the client typed, so it is put together from the public base URL and the
path and query exactly as they were sent.
"""

import hashlib
import hmac
import re
from urllib.parse import urlsplit

_PORT = re.compile(r"^(https://[^/]*?):\d+(?=/|$)")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def signature(*, secret: str, consumer_key: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    head = f"{secret}+{consumer_key}+{method}+{url}+".encode()
    digest = hashlib.sha1(head + body + f"+{timestamp}".encode(), usedforsecurity=False)
    return f"$1${digest.hexdigest()}"


def matches(given: str, expected: list[str]) -> bool:
    """In constant time, all of them compared whatever the first says."""
    found = False
    for each in expected:
        found |= hmac.compare_digest(given.encode("utf-8", "replace"), each.encode())
    return found


def in_time(timestamp: str, now: float, window: int) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        return False
    return abs(now - int(timestamp)) <= window


def urls(base_url: str, host: str, typed_path: str, query: str, *, loopback_names: bool) -> list[str]:
    """What the client may have typed. OVHcloud's client for Node signs `https` and the host, whatever its port is."""
    rest = f"{typed_path}?{query}" if query else typed_path
    bases = [base_url]
    if loopback_names and _is_loopback(host):
        bases.append(f"{urlsplit(base_url).scheme}://{host}")
    bases += [_PORT.sub(r"\1", each) for each in bases]
    return [base + rest for base in dict.fromkeys(bases)]


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False
