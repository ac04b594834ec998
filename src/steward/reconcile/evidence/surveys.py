"""What the clusters say of themselves, compared with what was ordered and with what the records hold.

One look at a cluster serves the install report (2.1-1), the version that was chosen (1.1-4), the region of its nodes
(1.1-3), the inventory (3.1.6-1), and the list of its administrators (3.1.2-3), which is shown to the customer alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

from steward.domain import accesses, clusters, conditions, errors, evidence, networks, nodepools, nodes
from steward.domain.evidence import Outcome
from steward.operations import cluster_networks, outbox
from steward.ports import guests, machines
from steward.reconcile import credentials, issuances
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

INSTALL, INVENTORY = "2.1-1", "3.1.6-1"
EVERY = 15.0  # a round that finds nothing due costs one read
LOOK_AGAIN = timedelta(minutes=10)
PROMISED = timedelta(minutes=30)  # from the order to its delivery, and in which a difference may last
REGION = "topology.kubernetes.io/region"
CHANGED = "inventory:changed"
SHOWN = ("ca", "apiserver")
# As the cluster names the provider's own: its users, and every group that a certificate of one of them carries.
OWN_USERS = ("User:steward:", "Group:steward:")
OWN_GROUPS = (f"Group:{issuances.GROUP}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the records hold of a cluster, and what one look at it showed."""

    cluster: clusters.Cluster
    network: networks.ClusterNetwork
    pools: Sequence[nodepools.NodePool]
    members: Sequence[nodes.Node]
    survey: guests.Survey
    states: Mapping[nodes.NodeId, machines.MachineState]
    fingerprints: Mapping[str, str]  # of the certificates that the API server shows

    @property
    def settled(self) -> list[nodes.Node]:
        """Nodes that are neither coming nor going."""
        return [each for each in self.members if not each.deleting and each.deployed_at is not None]


def jobs(services: Services) -> list[jobs_.Job]:
    surveyor = Surveyor(services)
    return [jobs_.Job(name="evidence-surveys", activity=INVENTORY, every=EVERY, act=surveyor.round)]


async def entered(services: Services, cluster: clusters.Cluster) -> guests.Access:
    """`NotAnswering` where there is nothing to enter yet."""
    async with services.records.read() as work:
        files = await credentials.load(work, cluster.id)
    if not files:
        raise guests.NotAnswering("the cluster has no keys yet")
    network = services.plan.cluster(cluster.slot)
    return await services.keyring.access(cluster, network, files, issuances.INVENTORY)


class Surveyor:
    """Looks at a cluster as soon as it is installed, and again every few minutes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._looked: dict[clusters.ClusterId, datetime] = {}

    async def round(self) -> None:
        present = await looks.standing(self._services)
        ids = {each.id for each in present}
        self._looked = {each: at for each, at in self._looked.items() if each in ids}
        await looks.at_every_cluster(self._services, self._look, [each for each in present if self._is_due(each.id)])

    def _is_due(self, cluster_id: clusters.ClusterId) -> bool:
        """A clock that went back does not keep it from looking."""
        last, now = self._looked.get(cluster_id), self._services.clock.now()
        return last is None or not last <= now < last + LOOK_AGAIN

    async def _look(self, cluster: clusters.Cluster) -> Sequence[Saw]:
        began = self._services.clock.now()
        try:
            access = await entered(self._services, cluster)
            survey = await self._services.guests.survey(access)
            admins = await self._services.guests.admins(access)
        except (guests.NotAnswering, errors.Refusal) as reason:
            return await self._unanswered(cluster, str(reason))
        known = await self._known(cluster, survey)
        async with self._services.records.read() as work:
            reported = await work.evidence.get(f"{INSTALL}/{evidence.of_cluster(cluster.id)}/installation")
            listed = await work.evidence.get(f"{INVENTORY}/{evidence.of_cluster(cluster.id)}/inventory")
            sessions = await work.accesses.of(cluster.id)
        now = self._services.clock.now()
        let_in = [each.user for each in sessions if _is_let_in(each, began)]
        saws = [
            version(known),
            labels(known),
            addresses(known),
            bindings(admins, let_in),
            inventory(known, listed, now),
        ]
        if reported is None or reported.outcome is not Outcome.PROVEN:
            saws.append(installation(known, now))
        if all(each.outcome is not Outcome.UNKNOWN for each in saws):
            self._looked[cluster.id] = now
        await self._tell(cluster, saws, listed)
        return saws

    async def _unanswered(self, cluster: clusters.Cluster, reason: str) -> list[Saw]:
        """Whether the API answers is another row's matter; here nothing was seen, and what was seen grows stale."""
        async with self._services.records.read() as work:
            before = await work.evidence.get(f"{INVENTORY}/{evidence.of_cluster(cluster.id)}/inventory")
        if before is not None:
            return []
        said = "The cluster did not answer when it was looked at"
        return [Saw(activity=INVENTORY, collector="inventory", outcome=Outcome.UNKNOWN, summary=said)]

    async def _known(self, cluster: clusters.Cluster, survey: guests.Survey) -> Known:
        running = await self._services.machines.observe(cluster.id)
        async with self._services.records.read() as work:
            files = await credentials.load(work, cluster.id)
            fingerprint = self._services.certificates.fingerprint
            return Known(
                cluster=cluster,
                network=self._services.plan.cluster(cluster.slot),
                pools=await work.nodepools.of_cluster(cluster.id),
                members=await work.nodes.of_cluster(cluster.id),
                survey=survey,
                states=running,
                fingerprints={each: fingerprint(files[f"{each}.crt"]) for each in SHOWN if f"{each}.crt" in files},
            )

    async def _tell(self, cluster: clusters.Cluster, saws: Sequence[Saw], before: evidence.Evidence | None) -> None:
        """The customer is informed of each new state of the inventory, by its digest."""
        found = next(each for each in saws if each.collector == "inventory")
        digest = evidence.digest(found.facts)
        if found.outcome is not Outcome.PROVEN or (before is not None and before.digest == digest):
            return
        async with self._services.records.begin() as work:
            if await work.clusters.get(cluster.id) is None:
                return
            await outbox.inform(
                work,
                outbox.News(
                    at=self._services.clock.now(),
                    activity=INVENTORY,
                    type=CHANGED,
                    text=f"The inventory of cluster {cluster.name} was compared with the cluster and is available",
                    acted=errors.PROVIDER,
                    project_id=cluster.project_id,
                    cluster_id=cluster.id,
                    subject=evidence.of_cluster(cluster.id),
                    facts={"digest": digest},
                ),
            )


def version(known: Known) -> Saw:
    chosen, runs = str(known.cluster.version), str(known.survey.version)
    facts = {"chosen": chosen, "runs": runs}
    if chosen != runs:
        said = f"Kubernetes {chosen} was chosen, and the API server says that it is {runs}"
        return Saw(activity="1.1-4", collector="versions", outcome=Outcome.BREACHED, summary=said, facts=facts)
    said = f"The API server says that it is {runs}, which was chosen"
    return Saw(activity="1.1-4", collector="versions", outcome=Outcome.PROVEN, summary=said, facts=facts)


def labels(known: Known) -> Saw:
    wanted = known.cluster.region
    wrong = sorted(each.name for each in known.survey.nodes if each.labels.get(REGION) != wanted)
    facts = {"region": wanted, "wrong": wrong}

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity="1.1-3", collector="labels", outcome=outcome, summary=said, facts=facts)

    if wrong:
        return saw(Outcome.BREACHED, f"{len(wrong)} nodes are not labelled with the region that was ordered")
    if not known.survey.nodes:
        return saw(Outcome.NOT_APPLICABLE, "There are no nodes yet")
    return saw(Outcome.PROVEN, "Every node is labelled with the region that was ordered")


def addresses(known: Known) -> Saw:
    """By which address each node is known, against the network that was chosen (1.1-2)."""
    on = known.cluster.network
    wanted = {each.name: str(each.private_address or known.network.node_address(each.number)) for each in known.settled}
    seen = {each.name: each.address for each in known.survey.nodes if each.name in wanted}
    facts = {"network": cluster_networks.PUBLIC if on is None else on.openstack_id, "nodes": seen}

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity="1.1-2", collector="addresses", outcome=outcome, summary=said, facts=facts)

    if not wanted:
        return saw(Outcome.NOT_APPLICABLE, "There is no node yet that could be on the network")
    if any(not address for address in seen.values()) or len(seen) < len(wanted):
        return saw(Outcome.UNKNOWN, "Not every node has told its address yet")
    strange = sorted(name for name, address in seen.items() if address != wanted[name])
    if strange or (on is not None and any(each.private_address is None for each in known.settled)):
        return saw(Outcome.BREACHED, f"{len(strange)} nodes are known by an address of another network than was chosen")
    return saw(Outcome.PROVEN, f"All {len(seen)} nodes are known by an address of the network that was chosen")


def _is_let_in(access: accesses.Access, since: datetime) -> bool:
    """Approved for everything, and its end not proved by then: its rights stood when the cluster was looked at."""
    if access.scope is not accesses.Scope.ADMIN or access.approved_at is None:
        return False
    return access.open or (access.refused_at is not None and access.refused_at >= since)


def bindings(admins: Mapping[str, Sequence[str]], let_in: Sequence[str] = ()) -> Saw:
    """That it was read; whether the right people are on it, the customer says in its review.

    `let_in` are users of the provider's people whose access to everything was approved and is not over.
    """
    subjects = sorted({subject for found in admins.values() for subject in found})
    providers = [each for each in subjects if each.startswith(OWN_USERS) or each in OWN_GROUPS]
    approved = {f"User:{each}" for each in let_in}
    own = [each for each in providers if each not in approved]
    facts = {"bindings": {name: sorted(found) for name, found in admins.items()}}

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity="3.1.2-3", collector="bindings", outcome=outcome, summary=said, facts=facts)

    if own:
        return saw(Outcome.BREACHED, f"{len(own)} identities of the provider are bound to cluster-admin")
    said = "The subjects bound to cluster-admin were read; none of them is the provider's"
    if providers:
        said += f", but for {len(providers)} whose access was approved and is not over"
    return saw(Outcome.PROVEN, said)


def installation(known: Known, now: datetime) -> Saw:
    """The install report: what was ordered beside what is seen."""
    cluster = known.cluster
    compared = _compared(known)
    differences = sorted(name for name, (wanted, seen) in compared.items() if wanted != seen)
    began, ended = cluster.created_at, cluster.installed_at or now
    facts: dict[str, Any] = {
        "ordered": {name: wanted for name, (wanted, _) in compared.items()},
        "seen": {name: seen for name, (_, seen) in compared.items()},
        "differences": differences,
        "seconds": round((ended - began).total_seconds(), 1),
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=INSTALL, collector="installation", outcome=outcome, summary=said, facts=facts)

    if not differences:
        return saw(Outcome.PROVEN, f"What was ordered was delivered in {facts['seconds']:g} s, without a difference")
    said = f"{', '.join(differences)} differ from what was ordered"
    return saw(Outcome.BREACHED if now - began > PROMISED else Outcome.UNKNOWN, said)


def _compared(known: Known) -> dict[str, tuple[Any, Any]]:
    """Each part of the order: what was wanted and what is seen."""
    cluster, survey = known.cluster, known.survey
    ready = {each.name for each in survey.nodes if each.ready}
    sizes = {each.id: each.desired for each in known.pools if not each.deleting}
    seen = {pool: sum(1 for node in known.members if node.nodepool_id == pool and node.name in ready) for pool in sizes}
    pods = [each.pods for each in survey.nodes if each.pods]
    inside = all(IPv4Network(each).subnet_of(cluster.pods) for each in pods)
    modes = sorted({state.proxy_mode for state in known.states.values() if state.proxy_mode})
    fallback = conditions.holds(cluster.conditions, conditions.Kind.PROXY_FALLBACK)
    wanted_mode = "nftables" if fallback else cluster.proxy_mode.value
    return {
        "version": (str(cluster.version), str(survey.version)),
        "services": (str(networks.service_address(cluster.services, 1)), survey.service),
        "pods": (str(cluster.pods), str(cluster.pods) if inside else ", ".join(sorted(pods))),
        "kubeProxyMode": ([wanted_mode] if modes else [], modes),
        "pools": (sizes, seen),
    }


def inventory(known: Known, before: evidence.Evidence | None, now: datetime) -> Saw:
    """What there is, by what the records hold; and where the live cluster is something else."""
    differences = _differences(known)
    facts: dict[str, Any] = {"inventory": listed(known), "differences": differences}
    if differences:
        facts["since"] = (before.facts.get("since") if before is not None else None) or now.isoformat()

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=INVENTORY, collector="inventory", outcome=outcome, summary=said, facts=facts)

    if not differences:
        return saw(Outcome.PROVEN, "The inventory was compared with the live cluster and is the same")
    lasts = now - datetime.fromisoformat(facts["since"]) >= PROMISED
    said = f"{len(differences)} things of the live cluster are not as the inventory says"
    return saw(Outcome.BREACHED if lasts else Outcome.UNKNOWN, said)


def listed(known: Known) -> dict[str, Any]:
    cluster = known.cluster
    return {
        "kubernetes": str(cluster.version),
        "region": cluster.region,
        "plan": cluster.plan.value,
        "api": f"https://{known.network.served_at}",
        "pods": str(cluster.pods),
        "services": str(cluster.services),
        "nodes": sorted(
            f"{each.name} {each.flavor} {each.version} {known.network.node_address(each.number)}"
            for each in known.settled
        ),
        "images": dict(sorted(known.survey.images.items())),
        "certificates": dict(known.fingerprints),
    }


def _differences(known: Known) -> list[str]:
    wanted = {each.name: str(each.version) for each in known.settled}
    moving = {each.name for each in known.members} - set(wanted)
    seen = {each.name: each.version for each in known.survey.nodes if each.name not in moving}
    found = [f"node {name} is not in the cluster" for name in wanted if name not in seen]
    found += [f"node {name} is in the cluster and not in the inventory" for name in seen if name not in wanted]
    found += [
        f"node {name} runs {seen[name]}, not {version_}"
        for name, version_ in wanted.items()
        if name in seen and seen[name] and seen[name] != version_
    ]
    if known.survey.version != known.cluster.version:
        found.append(f"the API server is {known.survey.version}, not {known.cluster.version}")
    found += [f"image {name} has no digest" for name, digest in known.survey.images.items() if not digest]
    return sorted(found)
