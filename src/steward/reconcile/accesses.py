"""Break-glass, kept true: makes the credential that was approved, and takes it back until a call with it is refused.

One subject per access (`access:<id>`). Every pass may be cut off anywhere: what it made is in the records before it is
of use, and an end that was not proved is tried again, also by the next steward. The activity is 3.1.2-2 throughout.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog

from steward.domain import accesses, clusters, errors, networks
from steward.operations import accesses as accesses_
from steward.operations import history
from steward.ports import certificates, guests, probes, records
from steward.reconcile import credentials, engine, issuances, sessions
from steward.reconcile.outcome import Outcome, Wait
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

ACTIVITY = "3.1.2-2"
GROUP = "steward:breakglass"
RETRY = 1.0  # seconds between two attempts to prove an end
LONGEST_RETRY = 30.0
LOOK = 30.0
VOID = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
RIGHTS = "rbac.authorization.k8s.io/v1"


class AccessReconciler:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        async with self._services.records.read() as work:
            found = await work.accesses.get(subject.partition(":")[2])
            cluster = None if found is None else await work.clusters.get(found.cluster_id)
        if found is None or not found.open:
            return engine.Gone()
        if cluster is None and found.status is not accesses.Status.REQUESTED:
            return await self._without_cluster(lease, found)
        match found.status:
            case accesses.Status.REQUESTED:
                return await self._waiting(lease, found)
            case accesses.Status.APPROVED:
                return await self._begin(lease, found)
            case accesses.Status.ACTIVE:
                return await self._watch(lease, found)
            case _:
                return await self._end(lease, found)

    async def _waiting(self, lease: engine.Lease, found: accesses.Access) -> Outcome | engine.Gone:
        """Nobody answered it yet; after a day, nobody need any more."""
        left = found.requested_at + accesses.LAPSES_AFTER - self._services.clock.now()
        if left > timedelta(0):
            return Wait(message="It waits for consent", after=min(3600.0, left.total_seconds()))
        async with self._services.applying(lease) as work:
            now_ = await work.accesses.get(found.id)
            if now_ == found:
                lapsed = accesses.denied(found, "nobody answered it within a day", self._services.clock.now())
                await work.accesses.put(lapsed)
                await self._tell(work, lapsed, "access:lapsed", "Nobody answered the request for access within a day")
        return Wait(message="It lapsed", after=0.0)

    async def _begin(self, lease: engine.Lease, found: accesses.Access) -> Outcome:
        services = self._services
        if self._over(found):
            return await self._over_now(lease, found)
        cluster, network, files = await self._cluster(found)
        services.on_step(lease.subject, "Issue the credential", "before")
        await self._issue(lease, found, cluster, files, network)
        services.on_step(lease.subject, "Issue the credential", "after")
        try:
            await services.guests.apply(await self._keeper(cluster, network, files), bindings(found))
        except guests.NotAnswering as reason:
            return Wait(message=str(reason), after=RETRY)
        services.on_step(lease.subject, "Bind the person", "after")
        async with services.applying(lease) as work:
            now_ = await work.accesses.get(found.id)
            if now_ is not None and now_.status is accesses.Status.APPROVED:
                active = replace(now_, status=accesses.Status.ACTIVE)
                await work.accesses.put(active)
                told = f"{found.requested_by} can enter the cluster as {found.user} until {_clock(found.expires_at)}"
                await self._tell(work, active, "access:active", told)
        return Wait(message="The access is open", after=0.0)

    async def _issue(
        self,
        lease: engine.Lease,
        found: accesses.Access,
        cluster: clusters.Cluster,
        files: Mapping[str, str],
        network: networks.ClusterNetwork,
    ) -> None:
        """Once; valid for exactly the window, and in the ledger of credentials before anybody holds it."""
        services = self._services
        async with services.applying(lease) as work:
            if await work.secrets.get(found.id, accesses_.CREDENTIAL) is not None:
                return
            life = (found.expires_at or services.clock.now()) - services.clock.now()
            pair = services.certificates.issue(
                certificates.KeyPair(key=files["ca.key"], certificate=files["ca.crt"]),
                certificates.Request(common_name=found.user, organizations=[GROUP], valid_for=life),
            )
            holder = issuances.Holder(
                user=found.user,
                party=errors.PROVIDER,
                activity=found.activity,
                purpose=f"breakglass-{found.id[:8]}",
            )
            (noted,) = await services.keyring.ledger.note(work, cluster, [(pair.certificate, holder)])
            server = f"https://{network.served_at}"
            shown = credentials.kubeconfig(cluster.name, server, files["ca.crt"], pair, user=found.user)
            held = {"certificate": pair.certificate, "key": pair.key}
            await work.secrets.put(found.id, accesses_.CREDENTIAL, json.dumps(held).encode())
            await work.secrets.put(found.id, accesses_.KUBECONFIG, shown.encode())
            now_ = await work.accesses.get(found.id)
            if now_ is not None:
                await work.accesses.put(replace(now_, fingerprint=noted.fingerprint))

    async def _watch(self, lease: engine.Lease, found: accesses.Access) -> Outcome:
        if self._over(found):
            return await self._over_now(lease, found)
        left = ((found.expires_at or self._services.clock.now()) - self._services.clock.now()).total_seconds()
        return Wait(message=f"It is open for {left:.0f} s", after=min(LOOK, max(0.05, left)))

    def _over(self, found: accesses.Access) -> bool:
        return found.expires_at is None or self._services.clock.now() >= found.expires_at

    async def _over_now(self, lease: engine.Lease, found: accesses.Access) -> Outcome:
        async with self._services.applying(lease) as work:
            now_ = await work.accesses.get(found.id)
            if now_ is not None and now_.status in (accesses.Status.APPROVED, accesses.Status.ACTIVE):
                over = accesses.ending(now_, "its time was over", self._services.clock.now())
                await work.accesses.put(over)
                await self._tell(work, over, "access:expired", f"The time of {over.requested_by}'s access is over")
        return Wait(message="It is over", after=0.0)

    async def _end(self, lease: engine.Lease, found: accesses.Access) -> Outcome:
        """The rights are taken, then a call proves it: before that nothing is said to be over."""
        services = self._services
        cluster, network, files = await self._cluster(found)
        async with services.records.read() as work:
            plain = await work.secrets.get(found.id, accesses_.CREDENTIAL)
        if plain is None:
            return await self._ended(lease, found, accesses.NEVER_MADE, None)
        keeper = await self._keeper(cluster, network, files)
        services.on_step(lease.subject, "Take the rights", "before")
        try:
            await self._take(found, keeper)
            services.on_step(lease.subject, "Take the rights", "after")
            answer = await services.probes.attempt(_target(found, network, files, plain))
            if answer not in VOID:
                return Wait(
                    message=f"A call with the credential was answered {answer}; it is tried again",
                    after=self._patience(found),
                )
            services.on_step(lease.subject, "Prove the end", "after")
            calls = await sessions.calls_of(services, found)
            left = await self._left(found, keeper, answer)
        except guests.NotAnswering as reason:
            return Wait(message=f"The end is not proved yet: {reason}", after=self._patience(found))
        if left:
            return Wait(
                message=f"The credential still had rights by {left[0]}; it is tried again", after=self._patience(found)
            )
        return await self._ended(lease, found, f"{answer} {HTTPStatus(answer).phrase}", calls)

    async def _take(self, found: accesses.Access, keeper: guests.Access) -> None:
        """Those that were given, and those that the session may have given itself, in whichever namespace."""
        try:
            await self._services.guests.remove(keeper, bindings(found))
            await self._unbind(found, keeper)
        except guests.NotAnswering as reason:
            # Perhaps only steward's own rights are missing there; the proof says what counts.
            log.warning("binding not removed", access=found.id, reason=str(reason))

    async def _left(self, found: accesses.Access, keeper: guests.Access, answer: int) -> Sequence[str]:
        """What still named the credential after it was refused, which was asked of one call only.

        A certificate that is not accepted at all (401) has no rights anywhere, whatever names it.
        """
        return () if answer == HTTPStatus.UNAUTHORIZED else await self._unbind(found, keeper)

    async def _unbind(self, found: accesses.Access, keeper: guests.Access) -> Sequence[str]:
        own = (f"User:{found.user}", f"Group:{GROUP}")
        return await self._services.guests.unbind(keeper, own, operation=f"access:{found.id}")

    def _patience(self, found: accesses.Access) -> float:
        waited = (self._services.clock.now() - (found.ended_at or self._services.clock.now())).total_seconds()
        return max(RETRY, min(LONGEST_RETRY, waited / 10))

    async def _without_cluster(self, lease: engine.Lease, found: accesses.Access) -> Outcome | engine.Gone:
        """Its authority is destroyed with it: no certificate of it is worth anything."""
        if found.status is not accesses.Status.ENDING:
            found = accesses.ending(found, "the cluster was deleted", self._services.clock.now())
        return await self._ended(lease, found, accesses.CLUSTER_GONE, None)

    async def _ended(
        self, lease: engine.Lease, found: accesses.Access, proof: str, calls: Sequence[str] | None
    ) -> Outcome:
        now = self._services.clock.now()
        async with self._services.applying(lease) as work:
            known = None if calls is None else tuple(calls)
            over = accesses.ended(found, proof, now, known)
            await work.accesses.put(over)
            await work.secrets.remove_all(found.id)
            issued = await work.issuances.by_key(found.fingerprint) if found.fingerprint else None
            if issued is not None:
                await work.issuances.put(replace(issued, revoked_at=now))
            done = "what was done is not known" if calls is None else f"{len(calls)} calls were made"
            told = (
                f"The access of {found.requested_by} is closed: a call with its credential was answered {proof}; {done}"
            )
            if proof in (accesses.NEVER_MADE, accesses.CLUSTER_GONE):
                told = f"The access of {found.requested_by} is closed: {proof}"
            await self._tell(work, over, "access:closed", told)
        self._services.on_step(lease.subject, "Prove the end", "kept")
        return Wait(message="It is closed", after=0.0)

    async def _cluster(
        self, found: accesses.Access
    ) -> tuple[clusters.Cluster, networks.ClusterNetwork, Mapping[str, str]]:
        async with self._services.records.read() as work:
            cluster = await work.clusters.get(found.cluster_id)
            files = await credentials.load(work, found.cluster_id)
        if cluster is None or not files:
            raise errors.NotFound(f"Cluster {found.cluster_id} is gone")
        return cluster, self._services.plan.cluster(cluster.slot), files

    async def _keeper(
        self, cluster: clusters.Cluster, network: networks.ClusterNetwork, files: Mapping[str, str]
    ) -> guests.Access:
        return await self._services.keyring.access(cluster, network, files, issuances.ACCESSES)

    async def _tell(self, work: records.Work, about: accesses.Access, type_: str, told: str) -> None:
        facts = {"scope": about.scope.value, "under": about.activity, "credential": about.fingerprint}
        if about.refused_with:
            facts["refusedWith"] = about.refused_with
        await history.keep(work, sessions.event(about, type_, told, self._services.clock.now(), ACTIVITY, facts))


def bindings(found: accesses.Access) -> list[dict[str, Any]]:
    """What gives the person its rights. Named by the access, so that each is taken back alone."""
    name = f"steward:breakglass-{found.id}"
    match found.scope:
        case accesses.Scope.ADMIN:
            return [_binding("ClusterRoleBinding", name, "cluster-admin", found.user)]
        case accesses.Scope.VIEW:
            return [_binding("ClusterRoleBinding", name, "steward:breakglass:view", found.user)]
        case accesses.Scope.OPERATE:
            return [
                _binding("ClusterRoleBinding", name, "steward:breakglass:view", found.user),
                _binding("ClusterRoleBinding", f"{name}-operate", "steward:breakglass:operate", found.user),
                _binding("RoleBinding", name, "steward:breakglass:operate-system", found.user, namespace="kube-system"),
            ]


def _binding(kind: str, name: str, role: str, user: str, *, namespace: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "labels": {"app.kubernetes.io/managed-by": "steward"}}
    if namespace:
        metadata["namespace"] = namespace
    return {
        "apiVersion": RIGHTS,
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }


def _target(
    found: accesses.Access, network: networks.ClusterNetwork, files: Mapping[str, str], plain: bytes
) -> probes.Target:
    held = json.loads(plain)
    access = guests.Access(
        cluster_id=found.cluster_id,
        server=f"https://{network.api_address}:{networks.API_PORT}",
        authority=files["ca.crt"],
        certificate=held["certificate"],
        key=held["key"],
        user=found.user,
    )
    return probes.Target(access=access, network=network)


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
