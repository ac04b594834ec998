"""What every operation needs: records, clock, the host's room, hashes of passwords, a way to wake the reconciler."""

from collections.abc import Callable
from dataclasses import dataclass

from steward.ports import clock, hosts, messengers, passwords, records


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`ledger_name` is the first part of the origin of every log, when its first key is made.

    `wake` takes a subject (`cluster:<id>`, `nodepool:<id>`, `node:<id>`) and returns at once."""

    records: records.Records
    clock: clock.Clock
    host: hosts.Host
    passwords: passwords.Passwords
    wake: Callable[[str], None]
    ledger_name: str = "steward.local"
    webhooks: messengers.Webhooks = messengers.NO_WEBHOOKS
