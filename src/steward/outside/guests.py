"""A cluster's own API over HTTPS: what steward reads there, writes there, and asks to leave.

Called by the reconcilers through `ports.guests`. Every call is level-triggered: it looks, does what is
missing, and may be repeated at any time. Nothing is retried in here but a write that met another writer;
the reconciler knows better when to come again.
"""

import asyncio
import base64
import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx2

from steward.domain import clusters, versions
from steward.kit import times
from steward.outside import guest_greetings, guest_kinds, guest_lines, guest_nodes, guest_pods
from steward.ports import clock, guests

FIELD_MANAGER = "steward"
# Requests to one cluster at a time: a small API server serves them no faster when there are more.
AT_ONCE = 6
MOST_CONFLICTS = 5
FORCED_GRACE_SECONDS = 10

_NODES = "/api/v1/nodes"
_OWN_PODS = "k8s-app in (kube-dns,metrics-server)"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class HttpGuests:
    """`source` is the address that is called from: one that restrictions of an API let in. Empty: any."""

    def __init__(self, clock: clock.Clock, lines: guest_lines.Lines | None = None, *, source: str = "") -> None:
        self._clock = clock
        self._source = source
        self._lines = lines or guest_lines.Lines(functools.partial(guest_lines.connect, source=source))

    async def version(self, access: guests.Access) -> versions.Version:
        document = await self._get(access, "/version")
        return versions.Version.parse(document["gitVersion"])

    async def ready(self, access: guests.Access) -> None:
        await self._checked(access, "/readyz")

    async def stores(self, access: guests.Access) -> None:
        # This check of the API server's own is a linearizable read.
        await self._checked(access, "/readyz/etcd")

    async def _checked(self, access: guests.Access, path: str) -> None:
        request = guest_lines.Request(method="GET", path=path)
        response = await self._lines.ask(access, request)
        if response.status_code != HTTPStatus.OK:
            raise guests.NotAnswering(f"{request.to(access)} was answered {response.status_code}: {_unready(response)}")

    async def has_default_account(self, access: guests.Access) -> bool:
        return await self._find(access, "/api/v1/namespaces/default/serviceaccounts/default") is not None

    async def authority(self, access: guests.Access) -> str:
        found = await self._find(access, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
        return guests.digest(str(found["data"]["ca.crt"])) if found is not None else ""

    async def apply(self, access: guests.Access, manifests: Sequence[Mapping[str, Any]]) -> None:
        for wave in guest_kinds.waves(manifests):
            await _each(wave, lambda manifest: self._apply(access, manifest))

    async def remove(self, access: guests.Access, manifests: Sequence[Mapping[str, Any]]) -> None:
        for manifest in manifests:
            request = guest_lines.Request(method="DELETE", path=guest_kinds.path(manifest))
            await self._send(access, request, HTTPStatus.NOT_FOUND)

    async def unbind(self, access: guests.Access, subjects: Sequence[str], *, operation: str) -> Sequence[str]:
        found: list[str] = []
        for kind, path in guest_kinds.BINDINGS.items():
            document = await self._get(access, path)
            for each in document["items"]:
                left = guest_kinds.without(each, subjects)
                if left is not None:
                    # What a list holds does not say its kind.
                    binding = {**each, "apiVersion": guest_kinds.RIGHTS, "kind": kind}
                    request = _unbinding(binding, left, operation)
                    await self._send(access, request, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
                    found.append(guest_kinds.title(binding))
        return found

    async def nodes(self, access: guests.Access) -> Sequence[guests.GuestNode]:
        document = await self._get(access, _NODES)
        return [guest_nodes.seen(each) for each in document["items"]]

    async def register_node(self, access: guests.Access, identity: guests.NodeIdentity) -> None:
        for _ in range(MOST_CONFLICTS):
            if await self._register(access, identity):
                return
        raise guests.NotAnswering(
            f"Node {identity.name} was changed by somebody else in each of {MOST_CONFLICTS} attempts to write it"
        )

    async def drain(
        self, access: guests.Access, node: str, *, since: datetime, force: bool, operation: str = ""
    ) -> guests.Draining:
        await self._mark(access, node, guest_nodes.cordon)
        document = await self._get(access, "/api/v1/pods", {"fieldSelector": f"spec.nodeName={node}"})
        leaving = [each for each in document["items"] if guest_pods.must_leave(each)]
        ask = self._delete_pod if force else self._evict
        answers = await _each(leaving, lambda pod: ask(access, pod, operation))
        left = [guest_pods.name_of(pod) for pod, (gone, _) in zip(leaving, answers, strict=True) if not gone]
        held_back = next((reason for gone, reason in answers if reason and not gone), "")
        told = f"{held_back} (the node is being emptied since {times.rfc3339(since)})" if held_back else ""
        return guests.Draining(left=left, held_back=told)

    async def take_back(self, access: guests.Access, node: str) -> None:
        await self._mark(access, node, guest_nodes.uncordon)

    async def sing(self, access: guests.Access, mark: str) -> None:
        # Whatever it is answered stands in the log, so this takes no rights.
        await self._lines.ask(access, guest_lines.Request(method="GET", path="/version", query={"canary": mark}))

    async def signed_certificates(self, access: guests.Access) -> Mapping[str, str]:
        document = await self._get(access, "/apis/certificates.k8s.io/v1/certificatesigningrequests")
        signed = {each["metadata"]["name"]: each.get("status", {}).get("certificate") for each in document["items"]}
        return {name: base64.b64decode(found).decode() for name, found in signed.items() if found}

    async def remove_node(self, access: guests.Access, node: str) -> None:
        await self._send(access, guest_lines.Request(method="DELETE", path=f"{_NODES}/{node}"), HTTPStatus.NOT_FOUND)

    async def survey(self, access: guests.Access) -> guests.Survey:
        service = await self._get(access, "/api/v1/namespaces/default/services/kubernetes")
        selected = {"labelSelector": _OWN_PODS}
        pods = await self._get(access, "/api/v1/namespaces/kube-system/pods", selected)
        return guests.Survey(
            version=await self.version(access),
            service=service["spec"]["clusterIP"],
            nodes=await self.nodes(access),
            images=guest_pods.images(pods["items"]),
        )

    async def admins(self, access: guests.Access) -> Mapping[str, Sequence[str]]:
        document = await self._get(access, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")
        return guest_kinds.bound_to(document["items"], "cluster-admin")

    async def greeting(self, access: guests.Access, names: Sequence[str]) -> guests.Greeting:
        return await guest_greetings.greeting(access, names, self._source)

    async def answer_to(self, access: guests.Access, stranger: guests.Access) -> int:
        return await guest_greetings.answer_to(access, stranger, self._source)

    async def forget(self, cluster_id: clusters.ClusterId) -> None:
        await self._lines.forget(cluster_id)

    async def close(self) -> None:
        await self._lines.close()

    async def _get(self, access: guests.Access, path: str, query: Mapping[str, str] | None = None) -> Any:
        request = guest_lines.Request(method="GET", path=path, query=query)
        return guest_lines.require(access, request, await self._lines.ask(access, request))

    async def _find(self, access: guests.Access, path: str) -> Any:
        """None where the API says that it is not there."""
        request = guest_lines.Request(method="GET", path=path)
        return await self._send(access, request, HTTPStatus.NOT_FOUND)

    async def _send(self, access: guests.Access, request: guest_lines.Request, *fine: HTTPStatus) -> Any:
        """The document of the answer, or None for one of the refusals that are fine."""
        response = await self._lines.ask(access, request)
        if response.status_code in fine:
            return None
        return guest_lines.require(access, request, response)

    async def _apply(self, access: guests.Access, manifest: guest_kinds.Manifest) -> None:
        request = guest_lines.Request(
            method="PATCH",
            path=guest_kinds.path(manifest),
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            body=manifest,
            content_type=_APPLY,
        )
        await self._send(access, request)

    async def _register(self, access: guests.Access, identity: guests.NodeIdentity) -> bool:
        """False when another writer came in between."""
        query = {"fieldManager": FIELD_MANAGER}
        path = f"{_NODES}/{identity.name}"
        found = await self._find(access, path)
        if found is None:
            made = guest_nodes.created(identity, self._clock.now())
            request = guest_lines.Request(method="POST", path=_NODES, query=query, body=made)
            return await self._send(access, request, HTTPStatus.CONFLICT) is not None
        patch = guest_nodes.changes(identity, found)
        if not patch:
            return True
        request = guest_lines.Request(method="PATCH", path=path, query=query, body=patch, content_type=_MERGE)
        return await self._send(access, request, HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND) is not None

    async def _mark(self, access: guests.Access, node: str, patched: Callable[[Any], dict[str, Any]]) -> None:
        path = f"{_NODES}/{node}"
        for _ in range(MOST_CONFLICTS):
            found = await self._find(access, path)
            patch = {} if found is None else patched(found)
            if not patch:
                return
            query = {"fieldManager": FIELD_MANAGER}
            request = guest_lines.Request(method="PATCH", path=path, query=query, body=patch, content_type=_MERGE)
            if await self._send(access, request, HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND) is not None:
                return
        raise guests.NotAnswering(f"Node {node} was changed by somebody else in each of {MOST_CONFLICTS} attempts")

    async def _evict(self, access: guests.Access, pod: guest_pods.Document, operation: str) -> tuple[bool, str]:
        """Whether the pod is gone, and why it may not go."""
        if guest_pods.is_leaving(pod):
            return False, ""
        metadata = pod["metadata"]
        request = guest_lines.Request(
            method="POST",
            path=f"{_pod_path(metadata)}/eviction",
            body={
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
                # A pod that was made anew under the same name is another one.
                "deleteOptions": {"preconditions": {"uid": metadata["uid"]}},
            },
            operation=operation,
        )
        response = await self._lines.ask(access, request)
        if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            return response.status_code == HTTPStatus.NOT_FOUND, ""
        if response.is_success:
            return False, ""
        if response.status_code == HTTPStatus.UNAUTHORIZED or response.status_code >= HTTPStatus.BAD_GATEWAY:
            guest_lines.require(access, request, response)
        reason = guest_pods.refusal(guest_lines.document(response), guest_lines.message(response))
        return False, f"{guest_pods.name_of(pod)} may not leave: {reason}"

    async def _delete_pod(self, access: guests.Access, pod: guest_pods.Document, operation: str) -> tuple[bool, str]:
        seconds = 0
        if not guest_pods.is_overdue(pod, self._clock.now()):
            if guest_pods.is_leaving(pod):
                return False, ""
            seconds = guest_pods.grace(pod, most=FORCED_GRACE_SECONDS)
        request = guest_lines.Request(
            method="DELETE",
            path=_pod_path(pod["metadata"]),
            body={"gracePeriodSeconds": seconds, "preconditions": {"uid": pod["metadata"]["uid"]}},
            operation=operation,
        )
        answer = await self._send(access, request, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
        return answer is None or seconds == 0, ""


def _pod_path(metadata: guest_pods.Document) -> str:
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _unbinding(binding: guest_kinds.Manifest, left: list[guest_kinds.Manifest], operation: str) -> guest_lines.Request:
    """Of the binding as it was read: somebody else's change in between is a conflict, and seen at the next look."""
    metadata, path = binding["metadata"], guest_kinds.path(binding)
    as_read = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    if not left and not metadata.get("finalizers"):
        return guest_lines.Request(method="DELETE", path=path, body={"preconditions": as_read}, operation=operation)
    # With a finalizer it would stand on, and give its rights, until somebody takes that away.
    return guest_lines.Request(
        method="PATCH",
        path=path,
        query={"fieldManager": FIELD_MANAGER},
        body={"metadata": as_read, "subjects": left},
        content_type=_MERGE,
        operation=operation,
    )


def _unready(response: httpx2.Response) -> str:
    """The checks that failed, out of the whole list."""
    failed = [line.removeprefix("[-]") for line in response.text.splitlines() if line.startswith("[-]")]
    return ", ".join(failed) or guest_lines.message(response)


async def _each(items: Iterable[_Given], act: Callable[[_Given], Awaitable[_Made]]) -> list[_Made]:
    """Act on all, a few at a time. The first failure is raised once no request is under way any more."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: _Given) -> _Made:
        async with gate:
            return await act(item)

    made: list[_Made] = []
    for outcome in await asyncio.gather(*map(one, items), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
        made.append(outcome)
    return made
