"""What a customer adapts of its cluster: OVHcloud's `cloud.ProjectKubeCustomization`, as values.

`changed` reads a tree as clients send it and lays it over what was set before; `operations` calls it, runtimes read the
values. A branch that is left out stays; one that is given is replaced as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from steward.domain import durations, errors
from steward.domain.durations import Duration

Tree = Mapping[str, Any]

ALWAYS_PULL, NODE_RESTRICTION = "AlwaysPullImages", "NodeRestriction"
PLUGINS = (ALWAYS_PULL, NODE_RESTRICTION)
SHORTEST_TCP_TIMEOUT = 5.0  # seconds; 0 leaves the kernel's
SYNC_PERIOD, MIN_SYNC_PERIOD_IPTABLES = 30.0, 1.0  # kube-proxy's own where nothing is set


class Scheduler(StrEnum):
    """Values of `cloud.kube.KubeProxyIpvsSchedulerEnum`."""

    DH = "dh"
    LC = "lc"
    NQ = "nq"
    RR = "rr"
    SED = "sed"
    SH = "sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionPlugins:
    """As the customer wrote them, sorted; what is in both lists is off, and NodeRestriction is always on."""

    enabled: tuple[str, ...] = PLUGINS
    disabled: tuple[str, ...] = ()

    @property
    def on(self) -> tuple[str, ...]:
        wanted = {*self.enabled, NODE_RESTRICTION}
        return tuple(sorted(wanted - set(self.disabled)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Iptables:
    """None leaves kube-proxy's own value."""

    min_sync_period: Duration | None = None
    sync_period: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipvs:
    """As `Iptables`; a timeout of zero leaves the kernel's."""

    min_sync_period: Duration | None = None
    sync_period: Duration | None = None
    scheduler: Scheduler | None = None
    tcp_fin_timeout: Duration | None = None
    tcp_timeout: Duration | None = None
    udp_timeout: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeProxy:
    """Both may be set; the cluster's proxy mode decides which one is used."""

    iptables: Iptables = Iptables()
    ipvs: Ipvs = Ipvs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customization:
    plugins: AdmissionPlugins = AdmissionPlugins()
    kube_proxy: KubeProxy = KubeProxy()


DEFAULT = Customization()


def changed(before: Customization, asked: Tree) -> Customization:
    """`errors.BadInput` where the tree asks for what cannot be."""
    after = before
    server = _branch(asked, "apiServer", "customization")
    plugins = _branch(server or {}, "admissionPlugins", "customization.apiServer")
    if plugins is not None:
        after = replace(after, plugins=_plugins(plugins))
    proxy = _branch(asked, "kubeProxy", "customization")
    if proxy is not None:
        after = replace(after, kube_proxy=_kube_proxy(proxy))
    if _has_wish(_branch(asked, "cilium", "customization")):
        raise errors.BadInput("[customization.cilium] Cilium is not offered yet; leave it out", name="InvalidDataError")
    return after


def tree(set_: Customization) -> dict[str, Any]:
    """As OVHcloud answers it."""
    iptables, ipvs = set_.kube_proxy.iptables, set_.kube_proxy.ipvs
    return {
        "apiServer": {
            "admissionPlugins": {"enabled": list(set_.plugins.enabled), "disabled": list(set_.plugins.disabled)}
        },
        "kubeProxy": {
            "iptables": _given(minSyncPeriod=iptables.min_sync_period, syncPeriod=iptables.sync_period),
            "ipvs": _given(
                minSyncPeriod=ipvs.min_sync_period,
                syncPeriod=ipvs.sync_period,
                scheduler=ipvs.scheduler,
                tcpFinTimeout=ipvs.tcp_fin_timeout,
                tcpTimeout=ipvs.tcp_timeout,
                udpTimeout=ipvs.udp_timeout,
            ),
        },
    }


def _given(**fields: Duration | Scheduler | None) -> dict[str, str]:
    return {
        name: value.text if isinstance(value, Duration) else value.value
        for name, value in fields.items()
        if value is not None
    }


def _plugins(asked: Tree) -> AdmissionPlugins:
    where = "customization.apiServer.admissionPlugins"
    lists = {}
    for name in ("enabled", "disabled"):
        given = asked.get(name) or ()
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise errors.BadInput(f"[{where}.{name}] is not a list")
        for each in given:
            if each not in PLUGINS:
                raise errors.BadInput(
                    f"[{where}] {str(each)[:64]!r} is not one of {', '.join(PLUGINS)}", name="InvalidDataError"
                )
        lists[name] = tuple(sorted(set(given)))
    if NODE_RESTRICTION in lists["disabled"]:
        raise errors.BadInput(f"[{where}] {NODE_RESTRICTION} cannot be disabled", name="InvalidDataError")
    enabled = lists["enabled"] or tuple(each for each in PLUGINS if each not in lists["disabled"])
    return AdmissionPlugins(enabled=enabled, disabled=lists["disabled"])


def _kube_proxy(asked: Tree) -> KubeProxy:
    where = "customization.kubeProxy"
    tables = _branch(asked, "iptables", where) or {}
    server = _branch(asked, "ipvs", where) or {}
    iptables = Iptables(
        min_sync_period=_duration(tables, "minSyncPeriod", f"{where}.iptables"),
        sync_period=_duration(tables, "syncPeriod", f"{where}.iptables"),
    )
    ipvs = Ipvs(
        min_sync_period=_duration(server, "minSyncPeriod", f"{where}.ipvs"),
        sync_period=_duration(server, "syncPeriod", f"{where}.ipvs"),
        scheduler=_scheduler(server, f"{where}.ipvs"),
        tcp_fin_timeout=_duration(server, "tcpFinTimeout", f"{where}.ipvs"),
        tcp_timeout=_duration(server, "tcpTimeout", f"{where}.ipvs"),
        udp_timeout=_duration(server, "udpTimeout", f"{where}.ipvs"),
    )
    _check_periods(iptables, f"{where}.iptables", MIN_SYNC_PERIOD_IPTABLES)
    _check_periods(ipvs, f"{where}.ipvs", 0.0)
    if ipvs.tcp_timeout is not None and 0 < ipvs.tcp_timeout.seconds < SHORTEST_TCP_TIMEOUT:
        raise errors.BadInput(f"[{where}.ipvs.tcpTimeout] cannot be between PT0S and PT5S", name="InvalidDataError")
    return KubeProxy(iptables=iptables, ipvs=ipvs)


def _check_periods(asked: Iptables | Ipvs, where: str, least: float) -> None:
    """kube-proxy does not start where the shortest period is longer than the period."""
    sync = SYNC_PERIOD if asked.sync_period is None else asked.sync_period.seconds
    shortest = min(least, sync) if asked.min_sync_period is None else asked.min_sync_period.seconds
    if sync <= 0:
        raise errors.BadInput(f"[{where}.syncPeriod] must be greater than 0", name="InvalidDataError")
    if shortest > sync:
        raise errors.BadInput(
            f"[{where}.minSyncPeriod] cannot be longer than syncPeriod ({sync:g} s)", name="InvalidDataError"
        )


def _branch(asked: Tree, name: str, where: str) -> Tree | None:
    given = asked.get(name)
    if given is not None and not isinstance(given, Mapping):
        raise errors.BadInput(f"[{where}.{name}] is not an object")
    return given


def _duration(asked: Tree, name: str, where: str) -> Duration | None:
    given = asked.get(name)
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise errors.BadInput(f"[{where}.{name}] is not a duration")
    return durations.parse(given, f"{where}.{name}")


def _scheduler(asked: Tree, where: str) -> Scheduler | None:
    given = asked.get("scheduler")
    if given is None or given == "":
        return None
    if given not in list(Scheduler):
        raise errors.BadInput(
            f"[{where}.scheduler] {str(given)[:64]!r} is not one of {', '.join(Scheduler)}", name="InvalidDataError"
        )
    return Scheduler(given)


def _has_wish(asked: object) -> bool:
    """Empty objects, nulls and `false` wish for nothing."""
    if isinstance(asked, Mapping):
        return any(_has_wish(each) for each in asked.values())
    return asked is not None and asked is not False and asked != ""
