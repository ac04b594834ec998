"""How often somebody may ask: one bucket of tokens for each credential, person, and address of strangers.

Who is known spends a token of its own bucket with every request; who is not (nothing was signed, a signature was wrong,
a page before the sign-in) spends one of its address. A stranger whose bucket is empty is answered before anything is
looked at. All of it is kept in memory, bounded: a bucket that was used longest ago is nearly always full by then, and a
full one is as good as none.
"""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.types import Scope

from steward.domain import errors

KNOWN = "steward.known"  # in the scope: who asks was found out
MOST = 10_000  # buckets of either kind
_NEIGHBOURS = 64  # bits of an IPv6 address that a stranger cannot choose at will


class Buckets:
    """Full at first; `rate` tokens a second run in, up to `burst`. A rate of 0 limits nobody."""

    def __init__(self, rate: float, burst: int, most: int = MOST) -> None:
        self._rate = rate
        self._burst = max(1, burst)
        self._most = most
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when there were so many

    def take(self, key: str, now: float) -> float:
        """0 where a token was taken; else the seconds until there is one."""
        if not self._rate:
            return 0.0
        tokens = self._tokens(key, now)
        missing = max(0.0, 1 - tokens)
        self._known[key] = (tokens if missing else tokens - 1, max(now, self._known.get(key, (0.0, now))[1]))
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return missing / self._rate

    def wait(self, key: str, now: float) -> float:
        """The seconds until there is a token; nothing is taken."""
        if key not in self._known:
            return 0.0
        tokens = self._tokens(key, now)
        return 0.0 if tokens >= 1 else (1 - tokens) / self._rate

    def __len__(self) -> int:
        return len(self._known)

    def _tokens(self, key: str, now: float) -> float:
        """A clock that went back fills nothing, and takes nothing away."""
        tokens, at = self._known.get(key, (float(self._burst), now))
        return min(float(self._burst), tokens + max(0.0, now - at) * self._rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    known: Buckets = field(default_factory=lambda: Buckets(0, 1))
    strangers: Buckets = field(default_factory=lambda: Buckets(0, 1))

    def spend(self, scope: Scope, who: str, now: float) -> None:
        """Whoever asks is known by now."""
        scope[KNOWN] = True
        _refuse(self.known.take(who, now), "with this credential")

    def check_stranger(self, scope: Scope, now: float) -> None:
        _refuse(self.strangers.wait(_address(scope), now), "from this address without a valid credential")

    def note(self, scope: Scope, now: float) -> None:
        """After the answer: it was a stranger who asked, if nobody found out who it was."""
        if KNOWN not in scope:
            self.strangers.take(_address(scope), now)


def _refuse(seconds: float, whose: str) -> None:
    if seconds:
        raise errors.TooManyRequests(f"Too many requests {whose}", after=math.ceil(seconds))


def _address(scope: Scope) -> str:
    """An IPv6 network counts as one address: whoever has one address of it has them all."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)[:64]
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> _NEIGHBOURS << _NEIGHBOURS, _NEIGHBOURS)))
    return host
