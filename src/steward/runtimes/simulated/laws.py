"""How the simulated world behaves: what has come of a cluster by a given moment.

Pure functions over `state.py`, called by `world.py` before every look and every change. Nothing runs between
two calls, which is why a thousand clusters cost nothing but their memory.
"""

from datetime import datetime, timedelta

from steward.domain import nodes, pauses
from steward.ports.control_planes import Part
from steward.runtimes.simulated import state

DATA_LOST = "the data of etcd is gone although it had served; restore it, it is not made anew"
DATA_TORN = "the data of etcd is damaged although it had served; restore it, it is not made anew"
NO_NETWORK = "the network of the cluster does not stand"


def settle(place: state.Place, now: datetime, timings: state.Timings) -> None:
    """Bring the cluster's facts up to `now`."""
    for part, running in place.parts.items():
        _start_again(place, part, running, now, timings)
    _succeed(place, now, timings)
    for node_id, box in place.boxes.items():
        _start_again(place, node_id, box, now, timings)
    data = place.data
    if data is None:
        return
    _control(place, data, now, timings)
    boxes = {box.name: box for box in place.boxes.values()}
    for node in data.nodes.values():
        node.pods = [pod for pod in node.pods if pod.leaves_at is None or pod.leaves_at > now]
        _hear(place, node, boxes.get(node.name), now, timings)


def obstacle(place: state.Place, name: str) -> str:
    """Why this part or machine cannot start now; empty where it can."""
    refused = place.faults.refused.get(name, "")
    if refused:
        return refused
    if name == Part.ETCD:
        return _etcd_obstacle(place)
    box = place.boxes.get(name)
    return _box_obstacle(place, box) if box is not None else ""


def start(place: state.Place, name: str, running: state.Running, now: datetime, timings: state.Timings) -> None:
    """Start it, or note why it does not and when it is tried again."""
    running.reason = obstacle(place, name)
    running.running = not running.reason
    if running.running:
        running.started_at, running.ended_at, running.again_at = now, None, None
        if name == Part.ETCD and not place.served:
            place.data = state.Data()  # nobody had data in it yet, and what a power cut left would never serve
    else:
        end(running, running.reason, now, timings)


def end(running: state.Running, reason: str, now: datetime, timings: state.Timings) -> None:
    """It died: the runtime will start it again after a while that doubles with each death in a row."""
    stable = running.running and (now - running.started_at).total_seconds() >= timings.stable_after
    running.failures = 1 if stable else running.failures + 1
    delay = pauses.doubled(timings.first_backoff, timings.longest_backoff, running.failures)
    running.running, running.reason, running.ended_at = False, reason, now
    running.again_at = now + timedelta(seconds=delay)


def etcd_serves_at(place: state.Place, timings: state.Timings) -> datetime | None:
    etcd = place.parts.get(Part.ETCD)
    if etcd is None or not etcd.running or place.data is None or place.data.torn:
        return None
    return etcd.started_at + _taking(place, timings.etcd)


def api_serves_at(place: state.Place, timings: state.Timings) -> datetime | None:
    """When the API begins, or began, to serve; None while something that it needs does not run."""
    etcd = etcd_serves_at(place, timings)
    server, network = place.parts.get(Part.API_SERVER), place.parts.get(Part.NETWORK)
    if etcd is None or server is None or network is None or not (server.running and network.running):
        return None
    return max(etcd, server.started_at, network.started_at) + _taking(place, timings.api_server)


def serves(place: state.Place, now: datetime, timings: state.Timings) -> bool:
    begins = api_serves_at(place, timings)
    return begins is not None and begins <= now


def _succeed(place: state.Place, now: datetime, timings: state.Timings) -> None:
    """The successor takes the place as soon as it serves, or at once where nobody else is there."""
    heir = place.successor
    if heir is None:
        return
    _start_again(place, Part.API_SERVER, heir, now, timings)
    first = place.parts[Part.API_SERVER]
    etcd, network = etcd_serves_at(place, timings), place.parts.get(Part.NETWORK)
    if not heir.running or etcd is None or network is None or not network.running:
        return
    serves_at = max(etcd, heir.started_at, network.started_at) + _taking(place, timings.api_server)
    if serves_at <= now or not first.running:
        place.parts[Part.API_SERVER], place.successor = heir, None


def _start_again(place: state.Place, name: str, running: state.Running, now: datetime, timings: state.Timings) -> None:
    while not running.running and running.again_at is not None and running.again_at <= now:
        running.restarts += 1
        start(place, name, running, running.again_at, timings)


def _etcd_obstacle(place: state.Place) -> str:
    if not place.served:
        return ""
    if place.data is None:
        return DATA_LOST
    return DATA_TORN if place.data.torn else ""


def _box_obstacle(place: state.Place, box: state.Box) -> str:
    network = place.parts.get(Part.NETWORK)
    if network is None or not network.running:
        return NO_NETWORK
    for other in place.boxes.values():
        if other is not box and other.number == box.number and other.running:
            return f"the address of {box.name} is in use by {other.name}"
    return ""


def _control(place: state.Place, data: state.Data, now: datetime, timings: state.Timings) -> None:
    controller = place.parts.get(Part.CONTROLLER_MANAGER)
    api = api_serves_at(place, timings)
    if controller is None or not controller.running or api is None:
        return
    begins = max(api, controller.started_at)
    if begins + _taking(place, timings.controller_manager) <= now:
        data.authority = controller.authority
    if data.default_account:
        return
    takes = _taking(place, timings.controller_manager + timings.default_account)
    data.default_account = begins + takes <= now


def _hear(
    place: state.Place, node: state.NodeObject, box: state.Box | None, now: datetime, timings: state.Timings
) -> None:
    """A kubelet that reports makes its node Ready; one that has been silent for long makes it NotReady."""
    network, api = place.parts.get(Part.NETWORK), api_serves_at(place, timings)
    if box is None or not box.running or network is None or not network.running or _are_strangers(place, box):
        node.silent_since = node.silent_since or (box.ended_at if box is not None else None) or now
        controller = place.parts.get(Part.CONTROLLER_MANAGER)
        judged = api is not None and api <= now and controller is not None and controller.running
        if judged and now - node.silent_since >= timedelta(seconds=timings.node_grace):
            node.ready = False
        return
    node.silent_since = None
    node.address = box.address
    machine = nodes.machine_id(nodes.NodeId(box.node_id), box.generation)
    if node.ready and (node.version, node.machine) == (box.version, machine):
        return
    if api is None or max(api, box.started_at, node.registered_at) + _taking(place, timings.node) > now:
        return
    node.ready, node.version, node.machine = True, box.version, machine
    if not node.seen:
        node.seen = True
        node.pods += [state.Pod(name=f"default/{node.name}-{each}") for each in range(timings.pods_per_node)]


def _are_strangers(place: state.Place, box: state.Box) -> bool:
    """One of them has keys that the other one does not know."""
    server = place.parts.get(Part.API_SERVER)
    return server is not None and server.authority != box.authority


def _taking(place: state.Place, seconds: float) -> timedelta:
    return timedelta(seconds=seconds * place.faults.slowness)
