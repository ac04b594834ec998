"""What the audit log of a cluster was found to say, and every certificate that was issued for it."""

from typing import TypedDict, cast

from steward.client import connection, routes


class Finding(TypedDict):
    id: str
    activity: str
    sort: str
    rule: str
    at: str
    user: str
    party: str
    verb: str
    resource: str
    namespace: str
    name: str
    fingerprint: str
    text: str


class Issuance(TypedDict):
    fingerprint: str
    user: str
    party: str
    activity: str
    purpose: str
    issuedAt: str
    expiresAt: str
    revokedAt: str | None


class AuditTally(TypedDict):
    """What the customer did is None for the provider."""

    activity: str
    day: str
    byCustomer: int | None
    readsByCustomer: int | None
    byProvider: int
    breaches: int


class AuditWindows(TypedDict):
    since: str | None
    until: str | None
    lastEventAt: str | None
    gaps: list[Finding]
    tallies: list[AuditTally]


def findings(link: connection.Connection, project: str, cluster: str) -> list[Finding]:
    """Breaches and gaps, oldest first."""
    return cast(list[Finding], link.call("GET", _path(project, cluster, "findings")))


def issuances(link: connection.Connection, project: str, cluster: str) -> list[Issuance]:
    return cast(list[Issuance], link.call("GET", _path(project, cluster, "issuances")))


def windows(link: connection.Connection, project: str, cluster: str) -> AuditWindows:
    return cast(AuditWindows, link.call("GET", _path(project, cluster, "windows")))


def _path(project: str, cluster: str, part: str) -> str:
    return routes.native_project(project, "kube", cluster, "audit", part)
