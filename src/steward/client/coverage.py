"""Reports of what is proven, of one cluster and of all."""

from collections.abc import Callable
from typing import TypedDict, cast

from steward.client import connection, routes


class CoverageRow(TypedDict):
    activity: str
    text: str
    customer: str
    provider: str
    disputed: bool
    way: str
    state: str
    reason: str
    observedAt: str | None
    ageSeconds: int | None
    validUntil: str | None
    attestedBy: str
    digest: str
    waitsFor: str


class Coverage(TypedDict):
    """Of one cluster."""

    project: str
    cluster: str
    name: str
    at: str
    states: dict[str, int]
    rows: list[CoverageRow]


class FleetRow(TypedDict):
    activity: str
    text: str
    customer: str
    provider: str
    disputed: bool
    way: str
    states: dict[str, int]
    waitsFor: str


class FleetCoverage(TypedDict):
    at: str
    rows: list[FleetRow]


def of_cluster(link: connection.Connection, project: str, cluster: str) -> Coverage:
    return cast(Coverage, link.call("GET", _path(project, cluster)))


def of_fleet(link: connection.Connection) -> FleetCoverage:
    return cast(FleetCoverage, link.call("GET", "/native/report"))


def written(
    link: connection.Connection, project: str, cluster: str, form: str, write: Callable[[bytes], object]
) -> None:
    """In another form than JSON; without a cluster, of all."""
    path = _path(project, cluster) if cluster else "/native/report"
    link.download(f"{path}?format={form}", write)


def _path(project: str, cluster: str) -> str:
    return routes.native_project(project, "kube", cluster, "report")
