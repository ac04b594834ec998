"""The measures, each from real orders; raw samples go into the result, nothing is judged here.

Called by `python -m bench` in the order below. Contenders take turns within each repetition, and each is removed
before the next begins.
"""

import concurrent.futures
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ovh

from bench import contenders, footprints, probes, service
from bench.contenders import Sample
from bench.footprints import Figures, Watched
from bench.service import LOOK_EVERY, PATIENCE, POOL, Trouble

AT_ONCE = 10
LOOK_AT_MANY = 0.5  # seconds; more often, and the looking itself would take a noticeable share of two cores
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often and how long. `cold` drops the page cache before each order."""

    repetitions: int
    cold: bool
    settle: float
    settle_many: float  # long enough for the first evidence of each cluster, which is no rest
    window: float
    clusters: int  # of the dense state
    at_once: int
    image: str
    programs: Path
    folder: Path
    say: Say


def order_to_api(plan: Plan, served: service.Service) -> dict[str, list[Sample]]:
    """From the order to an authorised request and a good /readyz; the first round only warms up."""
    peers: list[contenders.Contender] = [
        contenders.Steward(served),
        contenders.Naive(plan.programs, plan.folder / "naive"),
        contenders.Kwokctl(plan.programs, plan.folder / "kwok"),
    ]
    samples: dict[str, list[Sample]] = {each.name: [] for each in peers}
    warm_up = 0 if plan.cold else 1
    for turn in range(plan.repetitions + warm_up):
        for peer in peers:
            _make_cold(plan)
            try:
                sample = peer.order()
            finally:
                peer.remove()
            note = " (warm-up, not counted)" if turn < warm_up else ""
            plan.say(f"order to API  {peer.name:8} {sample['seconds']:6.2f} s{note}")
            if turn >= warm_up:
                samples[peer.name].append(sample)
    return samples


def warm_up(plan: Plan, served: service.Service) -> None:
    """One order that nothing counts: the first of all fills the registry with images."""
    client = served.client()
    made = order(served, client, "warm-up", nodes=0)
    try:
        served.wait_ready(client, made["id"])
    finally:
        served.delete([made["id"]])
    plan.say("first order made and deleted, not counted")


def nodes(plan: Plan, served: service.Service) -> dict[str, list[Sample]]:
    """A cluster with a pool of one: until a pod runs on it; then one node more, until it is Ready."""
    pods: list[Sample] = []
    added: list[Sample] = []
    client = served.client()
    for _ in range(plan.repetitions):
        _make_cold(plan)
        began, moment = time.monotonic(), time.time()
        made = order(served, client, "bench", nodes=1)
        try:
            api = _pod_running(plan, served, client, made["id"])
            pods.append({"seconds": time.monotonic() - began, "steps": served.steps(made["id"], moment)})
            plan.say(f"order to pod running   {pods[-1]['seconds']:6.2f} s")
            served.wait_ready(client, made["id"], pools=True)
            added.append(_add_node(served, client, made["id"], api))
            plan.say(f"node added             {added[-1]['seconds']:6.2f} s")
            api.close()
        finally:
            served.delete([made["id"]])
    return {"order_to_pod": pods, "node_add": added}


def _pod_running(plan: Plan, served: service.Service, client: ovh.Client, cluster_id: str) -> probes.Api:
    api = _kubeconfig(served, client, cluster_id)
    _until(lambda: api.create_pod("first", plan.image), "a pod accepted")
    _until(lambda: api.runs("first"), "a pod running")
    return api


def _add_node(served: service.Service, client: ovh.Client, cluster_id: str, api: probes.Api) -> Sample:
    pools = f"{served.kube}/{cluster_id}/nodepool"
    pool = client.get(pools)[0]
    present = api.ready_nodes()
    began, moment = time.monotonic(), time.time()
    client.put(f"{pools}/{pool['id']}", desiredNodes=pool["desiredNodes"] + 1)
    _until(lambda: api.ready_nodes() - present, "another node Ready")
    seconds = time.monotonic() - began
    return {"seconds": seconds, "steps": served.steps(cluster_id, moment)}


def many(plan: Plan, served: service.Service) -> dict[str, Any]:
    """So many orders at the same time, each by a client of its own, until each answers."""
    began = time.monotonic()

    def placed(number: int) -> str:
        made = order(served, served.client(), f"bench-{number}", nodes=0)
        return str(made["id"])

    with concurrent.futures.ThreadPoolExecutor(plan.at_once) as pool:
        ordered = list(pool.map(placed, range(plan.at_once)))
    accepted = time.monotonic() - began
    client, ready = served.client(), dict[str, float]()
    try:
        while len(ready) < len(ordered) and time.monotonic() - began < PATIENCE:
            for each in [one for one in ordered if one not in ready]:
                if client.get(f"{served.kube}/{each}")["status"] == "READY":
                    ready[each] = time.monotonic() - began
            time.sleep(LOOK_AT_MANY)
        answering = sum(_kubeconfig(served, client, each).answers() for each in ready)
    finally:
        served.delete(ordered)
    plan.say(
        f"{plan.at_once} at once  {len(ready)} READY, {answering} answer; last {max(ready.values(), default=0):.2f} s"
    )
    return {
        "ordered": len(ordered),
        "accepted_seconds": accepted,
        "ready_seconds": sorted(ready.values()),
        "answering": answering,
    }


def idle(plan: Plan, served: service.Service) -> dict[str, Any]:
    """At rest: one control plane of each contender, one node, and many control planes with steward beside them."""
    found: dict[str, Any] = {}
    for peer in (
        contenders.Steward(served),
        contenders.Naive(plan.programs, plan.folder / "naive"),
        contenders.Kwokctl(plan.programs, plan.folder / "kwok"),
    ):
        try:
            peer.order()
            found[f"one_{peer.name}"] = _at_rest(plan, [Watched(name, pid) for name, pid in peer.pids().items()])
        finally:
            peer.remove()
        plan.say(f"idle, 1 control plane of {peer.name:8} {_told(found[f'one_{peer.name}']['total'])}")
    found["one_node"] = _idle_node(plan, served)
    found["dense"] = _dense(plan, served)
    return found


def _idle_node(plan: Plan, served: service.Service) -> dict[str, Any]:
    client = served.client()
    made = order(served, client, "bench", nodes=1)
    try:
        served.wait_ready(client, made["id"], pools=True)
        # The pods of the cluster's services come within the time that it is given to settle.
        time.sleep(plan.settle)
        watched = [Watched(name, pid) for name, pid in footprints.nodes(served.state, service.INSTANCE).items()]
        of_control_plane = footprints.control_plane(served.state / "clusters" / made["id"])
        figures = footprints.watch([*watched, *(Watched(*each) for each in of_control_plane.items())], plan.window)
    finally:
        served.delete([made["id"]])
    node = {name: each for name, each in figures.items() if "/" in name}
    rest = {name: each for name, each in figures.items() if "/" not in name}
    plan.say(f"idle, 1 node {_told(footprints.total(node.values()))}")
    return {
        "node": {"components": _by_kind(node), "total": footprints.total(node.values())},
        "control_plane": {"components": rest, "total": footprints.total(rest.values())},
    }


def _dense(plan: Plan, served: service.Service) -> dict[str, Any]:
    client = served.client()
    ordered = []
    try:
        for number in range(plan.clusters):
            ordered.append(order(served, client, f"bench-{number}", nodes=0)["id"])
            served.wait_ready(client, ordered[-1])
        planes = {each: footprints.control_plane(served.state / "clusters" / each) for each in ordered}
        watched = [Watched(f"{each}/{part}", pid) for each in ordered for part, pid in planes[each].items()]
        registry = footprints.recorded(served.state / "registry" / "run.json")
        time.sleep(plan.settle_many)
        figures = footprints.watch(
            [*watched, Watched("steward", served.pid, children=True), Watched("registry", registry)], plan.window
        )
    finally:
        served.delete(ordered)
    each_of = [
        footprints.total(figures[f"{each}/{part}"] for part in planes[each] if f"{each}/{part}" in figures)
        for each in ordered
    ]
    inside = {name: found for name, found in figures.items() if "/" in name}
    plan.say(f"idle, {plan.clusters} control planes, all together {_told(footprints.total(each_of))}")
    plan.say(f"idle, steward beside them {_told(figures['steward'])}")
    return {
        "clusters": len(ordered),
        "control_planes": each_of,
        "components": _by_kind(inside),
        "steward": figures["steward"],
        "registry": figures["registry"],
    }


def _at_rest(plan: Plan, watched: Sequence[Watched]) -> dict[str, Any]:
    time.sleep(plan.settle)
    figures = footprints.watch(watched, plan.window)
    own = [each for name, each in figures.items() if name in footprints.CONTROL_PLANE]
    return {"components": figures, "total": footprints.total(own)}


def _by_kind(figures: dict[str, Figures]) -> dict[str, Figures]:
    """Summed over all clusters or nodes, by the component's name."""
    kinds: dict[str, list[Figures]] = {}
    for name, each in figures.items():
        kind = name.rpartition("/")[2]
        kinds.setdefault("pods and shims" if kind.startswith("pods and shims") else kind, []).append(each)
    return {kind: footprints.total(found) for kind, found in sorted(kinds.items())}


def order(served: service.Service, client: ovh.Client, name: str, *, nodes: int) -> dict[str, Any]:
    pool = {"nodepool": {"name": POOL, "flavorName": service.FLAVOR, "desiredNodes": nodes}} if nodes else {}
    made: dict[str, Any] = client.post(served.kube, region=service.REGION, name=name, **pool)
    return made


def _kubeconfig(served: service.Service, client: ovh.Client, cluster_id: str) -> probes.Api:
    served.wait_ready(client, cluster_id)
    return probes.Api(client.post(f"{served.kube}/{cluster_id}/kubeconfig")["content"])


def _until(found: Callable[[], Any], what: str) -> None:
    probes.until(found, within=PATIENCE, every=LOOK_EVERY / 2, what=what)


def _make_cold(plan: Plan) -> None:
    if not plan.cold:
        return
    subprocess.run(["sync"], check=True)
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError as reason:
        raise Trouble(f"The page cache cannot be dropped ({reason.strerror}); leave --cold out") from None


def _told(figures: Figures) -> str:
    return f"{figures['pss_mib']:7.1f} MiB PSS {figures['millicores']:7.1f} millicores"


def names() -> Iterable[str]:
    return ("api", "nodes", "many", "idle", "detection", "decide", "ledger", "requests")
