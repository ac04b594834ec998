"""What the edge has to know of its surroundings; bootstrap fills it from the settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from steward.domain import networks

MOST_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """`trusted_proxies` are those whose `X-Forwarded-For` is believed; without any, nobody's is.

    `base_url` is what clients type before `/1.0`; signatures are checked against it.

    `loopback_names`: a signature over `http://<Host header>` counts as well where that host is a loopback
    name. For services that listen on loopback without a public URL, where people type `localhost` and
    `127.0.0.1` alike. Nowhere else: a signature has to be bound to one service.
    """

    base_url: str
    operator_token: str = field(repr=False)
    network: networks.Plan
    trusted_proxies: Sequence[IPv4Network | IPv6Network] = ()
    replay_window: int = 60  # seconds, either way
    loopback_names: bool = False
    most_body_bytes: int = MOST_BODY_BYTES
    # Requests per second, and how many at once, of one credential or person, and of strangers; 0: no limit.
    request_rate: float = 0
    request_burst: int = 1
    stranger_rate: float = 0
    stranger_burst: int = 1
