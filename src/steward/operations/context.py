"""What every operation needs: the records, the clock, the host's room, and a way to wake the reconciler."""

from collections.abc import Callable
from dataclasses import dataclass

from steward.ports import clock, hosts, records


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`wake` takes a subject (`cluster:<id>`, `nodepool:<id>`, `node:<id>`) and returns at once."""

    records: records.Records
    clock: clock.Clock
    host: hosts.Host
    wake: Callable[[str], None]
