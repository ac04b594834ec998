"""What every operation needs: records, clock, the host's room, hashes of passwords, a way to wake the reconciler."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network

from steward.ports import audit_logs as audit_logs_
from steward.ports import clock, hosts, messengers, passwords, records
from steward.ports import gauges as gauges_
from steward.ports import log_receivers as log_receivers_
from steward.ports import openid as openid_


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
    gauges: gauges_.Gauges = gauges_.NO_GAUGES
    own_range: IPv4Network | None = None  # the provider's; no subnet of nodes may touch it
    webhooks: messengers.Webhooks = messengers.NO_WEBHOOKS
    audit_logs: audit_logs_.AuditLogs = audit_logs_.NO_AUDIT_LOGS
    log_receivers: log_receivers_.LogReceivers = log_receivers_.NO_LOG_RECEIVERS
    openid: openid_.OpenIdProvider | None = None  # that people sign in by, beside their passwords
