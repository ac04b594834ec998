"""What a cluster's API would answer in the simulated world: `ports/guests.py` without a request.

It answers only while the simulated API server serves; what it is given it keeps where etcd's data is, and loses
with it.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from steward.domain import clusters, versions
from steward.ports.control_planes import Part
from steward.ports.guests import Access, Draining, Greeting, GuestNode, NodeIdentity, NotAnswering, Survey, digest
from steward.runtimes.simulated import audit_logs, state, world
from steward.runtimes.simulated.audit_logs import Deed

CERTIFICATE_LIFE = timedelta(days=365)


class SimulatedGuests:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def version(self, access: Access) -> versions.Version:
        place, _ = await self._reach(access)
        return versions.Version.parse(place.parts[Part.API_SERVER].version)

    async def ready(self, access: Access) -> None:
        await self._reach(access)

    async def stores(self, access: Access) -> None:
        await self._reach(access)

    async def sing(self, access: Access, mark: str) -> None:
        place, _ = await self._reach(access)
        self._note(place, access, Deed(verb="get", uri=f"/version?canary={mark}"))

    async def signed_certificates(self, access: Access) -> Mapping[str, str]:
        _, data = await self._reach(access)
        return dict(data.signed_certificates)

    async def has_default_account(self, access: Access) -> bool:
        _, data = await self._reach(access)
        return data.default_account

    async def authority(self, access: Access) -> str:
        _, data = await self._reach(access)
        return data.authority

    async def apply(self, access: Access, manifests: Sequence[Mapping[str, Any]]) -> None:
        await self._reach(access)
        with self._world.changing(access.cluster_id) as place:
            kept = place.data.manifests if place.data is not None else {}
            for manifest in manifests:
                name = key(manifest)
                kept[name] = _merged(kept.get(name, {}), manifest)
                self._note(place, access, _applied(manifest))

    async def remove(self, access: Access, manifests: Sequence[Mapping[str, Any]]) -> None:
        await self._reach(access)
        with self._world.changing(access.cluster_id) as place:
            for manifest in manifests:
                if place.data is not None:
                    place.data.manifests.pop(key(manifest), None)
                self._note(place, access, replace(_applied(manifest), verb="delete"))

    async def unbind(self, access: Access, subjects: Sequence[str], *, operation: str) -> Sequence[str]:
        _, data = await self._reach(access)
        named = {name: each for name, each in data.manifests.items() if any(who in subjects for who in _bound(each))}
        with self._world.changing(access.cluster_id) as place:
            for name, each in named.items():
                left = [who for who in each["subjects"] if f"{who['kind']}:{who['name']}" not in subjects]
                verb, data.manifests[name] = "patch", {**each, "subjects": left}
                if not left:
                    verb = "delete"
                    del data.manifests[name]
                self._note(place, access, replace(_applied(each), verb=verb, agent=_agent(operation)))
        return list(named)

    async def nodes(self, access: Access) -> Sequence[GuestNode]:
        _, data = await self._reach(access)
        return [_seen(node) for node in data.nodes.values()]

    async def register_node(self, access: Access, identity: NodeIdentity) -> None:
        await self._reach(access)
        with self._world.changing(access.cluster_id) as place:
            if place.data is not None:
                _register(place.data, identity, self._world.clock.now())
                self._note(place, access, _of_node("create", identity.name))

    async def drain(self, access: Access, node: str, *, since: datetime, force: bool, operation: str = "") -> Draining:
        _, data = await self._reach(access)
        if node not in data.nodes:
            return Draining(left=())
        with self._world.changing(access.cluster_id) as place:
            found = data.nodes[node]
            found.cordoned_by_us = found.cordoned_by_us or not found.unschedulable
            found.unschedulable = True
            self._note(place, access, _of_node("patch", node))
            for pod in self._evict(found.pods, force):
                self._note(place, access, _leaving(pod.name, force, operation))
        held = next((pod.held_by for pod in found.pods if pod.held_by and pod.leaves_at is None), "")
        return Draining(left=tuple(pod.name for pod in found.pods), held_back=held)

    async def take_back(self, access: Access, node: str) -> None:
        _, data = await self._reach(access)
        if node not in data.nodes or not data.nodes[node].cordoned_by_us:
            return
        with self._world.changing(access.cluster_id) as place:
            found = data.nodes[node]
            found.unschedulable, found.cordoned_by_us = found.unschedulable_by_template, False
            self._note(place, access, _of_node("patch", node))

    async def remove_node(self, access: Access, node: str) -> None:
        await self._reach(access)
        with self._world.changing(access.cluster_id) as place:
            if place.data is not None:
                place.data.nodes.pop(node, None)
                self._note(place, access, _of_node("delete", node))

    async def survey(self, access: Access) -> Survey:
        place, data = await self._reach(access)
        return Survey(
            version=versions.Version.parse(place.parts[Part.API_SERVER].version),
            service=place.services,
            nodes=[_seen(node) for node in data.nodes.values()],
            images={"registry.example/dns": f"sha256:{place.faults.image or 64 * '0'}"},
        )

    async def admins(self, access: Access) -> Mapping[str, Sequence[str]]:
        _, data = await self._reach(access)
        given = [each for each in data.manifests.values() if each.get("kind") == "ClusterRoleBinding"]
        admins = [each for each in given if each["roleRef"]["name"] == "cluster-admin"]
        bound = {each["metadata"]["name"]: _bound(each) for each in admins}
        return {"cluster-admin": ["Group:system:masters"], **bound, **data.admins}

    async def greeting(self, access: Access, names: Sequence[str]) -> Greeting:
        place, _ = await self._reach(access)
        faults = place.faults
        return Greeting(
            protocol="TLSv1.3",
            old_protocol=faults.old_protocol,
            distrust=faults.distrust,
            missing=[each for each in names if each in faults.unnamed],
            expires_at=place.parts[Part.API_SERVER].started_at + CERTIFICATE_LIFE,
            anonymous=200 if faults.admits_anybody else 401,
        )

    async def answer_to(self, access: Access, stranger: Access) -> int:
        place, _ = await self._reach(access)
        own = stranger.cluster_id == access.cluster_id
        return 200 if own or place.faults.admits_anybody else 401

    async def forget(self, cluster_id: clusters.ClusterId) -> None:
        """No connection was kept."""

    async def _reach(self, access: Access) -> tuple[state.Place, state.Data]:
        await self._world.clock.sleep(self._world.timings.request)
        place = self._world.look(access.cluster_id)
        if place is None or place.data is None or not self._world.serves(place):
            raise NotAnswering(f"{access.server} refused the connection")
        if digest(access.authority) != place.parts[Part.API_SERVER].authority:
            raise NotAnswering(f"{access.server} has a certificate that was signed by an unknown authority")
        if place.faults.muted:
            raise NotAnswering(f"{access.server} accepted the connection and did not answer")
        return place, place.data

    def _note(self, place: state.Place, access: Access, deed: Deed) -> None:
        audit_logs.note(self._world, place, access, deed)

    def _evict(self, pods: Sequence[state.Pod], force: bool) -> list[state.Pod]:
        """One after the other: a pod's time to leave begins when the one before it has left."""
        leaving = []
        free = max([self._world.clock.now(), *(pod.leaves_at for pod in pods if pod.leaves_at)])
        for pod in pods:
            if pod.leaves_at is None and (force or not pod.held_by):
                free += timedelta(seconds=self._world.timings.pod_leaves)
                pod.leaves_at = free
                leaving.append(pod)
        return leaving


def key(manifest: Mapping[str, Any]) -> str:
    """What names an object: version, kind, namespace, name."""
    metadata = manifest.get("metadata", {})
    parts = (manifest.get("apiVersion", ""), manifest.get("kind", ""), metadata.get("namespace", ""))
    return "/".join((*parts, metadata.get("name", "")))


def _applied(manifest: Mapping[str, Any]) -> Deed:
    metadata = manifest["metadata"]
    group = manifest["apiVersion"].rpartition("/")[0]
    return Deed(
        verb="patch",
        resource=f"{manifest['kind'].lower()}s",
        group=group,
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
    )


def _of_node(verb: str, name: str) -> Deed:
    return Deed(verb=verb, resource="nodes", name=name)


def _leaving(pod: str, force: bool, operation: str) -> Deed:
    namespace, _, name = pod.partition("/")
    return Deed(
        verb="delete" if force else "create",
        resource="pods",
        subresource="" if force else "eviction",
        namespace=namespace,
        name=name,
        agent=_agent(operation),
    )


def _agent(operation: str) -> str:
    return f"steward (operation {operation})" if operation else "steward"


def _bound(manifest: Mapping[str, Any]) -> list[str]:
    """Whom a binding names, as in `User:alice`; nobody, where it is none."""
    if manifest.get("kind") not in ("ClusterRoleBinding", "RoleBinding"):
        return []
    return [f"{each['kind']}:{each['name']}" for each in manifest["subjects"]]


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The fields given replace their like; others stay."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(before, value) if both else copy.deepcopy(value)  # type: ignore[arg-type]
    return merged


def _register(data: state.Data, identity: NodeIdentity, now: datetime) -> None:
    node = data.nodes.get(identity.name)
    template = identity.template
    if node is None:
        node = state.NodeObject(
            name=identity.name,
            registered_at=now,
            provider_id=identity.provider_id,
            pod_range=identity.pods,
        )
        data.nodes[identity.name] = node
    labels = {**template.labels, **identity.labels}
    node.labels = _ours(node.labels, node.owned_labels, labels)
    node.annotations = _ours(node.annotations, node.owned_annotations, template.annotations)
    node.owned_labels, node.owned_annotations = sorted(labels), sorted(template.annotations)
    if template.unschedulable or node.unschedulable_by_template:
        node.unschedulable = node.unschedulable_by_template = template.unschedulable
    node.taints = [(taint.key, taint.value, taint.effect) for taint in template.taints]
    node.finalizers = list(template.finalizers)


def _ours(present: Mapping[str, str], owned: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Ours as wanted, those of others as they are."""
    return {**{name: value for name, value in present.items() if name not in owned}, **wanted}


def _seen(node: state.NodeObject) -> GuestNode:
    if node.ready:
        reason = "KubeletReady: kubelet is posting ready status"
    elif node.seen:
        reason = "NodeStatusUnknown: Kubelet stopped posting node status"
    else:
        reason = "KubeletNotReady: the node has not reported yet"
    return GuestNode(
        name=node.name,
        ready=node.ready,
        reason=reason,
        version=node.version,
        unschedulable=node.unschedulable,
        labels=node.labels,
        pods=node.pod_range,
        address=node.address,
        machine=node.machine,
    )
