"""Brings the nodes of a cluster to its version and its keys, one after the other: a step of the cluster's flow.

It gives a node its turn, under the cluster's lease, and says how far all of them are. The work itself is the
node's own reconciler's: it empties the machine, makes it anew, and waits until it is ready.
"""

from dataclasses import replace

from steward.domain import clusters, conditions, nodes, rollouts
from steward.operations import history
from steward.ports import machines, records
from steward.reconcile import engine
from steward.reconcile.outcome import DONE, Blocked, Outcome, Wait
from steward.reconcile.services import Services

ACTIVITY = "3.2.2-4"
TRUST = "Wait until pods are given the authority"
STEP = "Bring the nodes up to date, one by one"
LOOK_AGAIN = 5.0  # seconds; the nodes wake the cluster before


async def go_on(services: Services, cluster_id: clusters.ClusterId, lease: engine.Lease) -> Outcome:
    """The control plane is as wanted when this is asked."""
    states = await services.machines.observe(cluster_id)
    async with services.applying(lease) as work:
        cluster = await work.clusters.get(cluster_id)
        if cluster is None or cluster.deleting:
            return Wait(message="It is being deleted", after=0.0)
        members = await work.nodes.of_cluster(cluster_id)
        standing = rollouts.standing(cluster, members)
        if standing.turn is not None:
            await _give_turn(services, work, cluster, standing.turn)
    if standing.turn is not None:
        services.wake(f"node:{standing.turn.id}")
        services.wake(f"nodepool:{standing.turn.nodepool_id}")
        return Wait(message=f"{_told(standing)}; {standing.turn.name} is next", after=LOOK_AGAIN)
    if standing.waits_for is not None:
        return _waiting(standing, standing.waits_for)
    wanted = machines.parameters(cluster.proxy_mode, cluster.customization.kube_proxy)
    stale = [each for each in members if each.id in states and states[each.id].parameters not in ("", wanted)]
    for node in stale:
        services.wake(f"node:{node.id}")
    if stale:
        return Wait(message=f"kube-proxy of {len(stale)} nodes has to start with its new parameters", after=1.0)
    if any(conditions.asked_for(each.conditions) for each in members if not each.deleting):
        return Wait(message=_told(standing), after=LOOK_AGAIN)
    return DONE


def given(services: Services, cluster: clusters.Cluster, node: nodes.Node) -> nodes.Node:
    """The node with its cluster's version and generation: its turn has come."""
    reason = conditions.asked_for(cluster.conditions) or conditions.Reason.REDEPLOYING
    message = f"It is being made anew with Kubernetes {cluster.version}"
    return replace(
        node,
        version=cluster.version,
        generation=cluster.node_generation,
        drain_began_at=None,
        conditions=conditions.merge(
            conditions.without(node.conditions, [conditions.Kind.BLOCKED]),
            services.condition(conditions.Kind.PROGRESSING, True, reason, message),
            services.condition(conditions.Kind.READY, False, conditions.Reason.NODE_NOT_READY, message),
        ),
        updated_at=services.clock.now(),
    )


async def _give_turn(services: Services, work: records.Work, cluster: clusters.Cluster, node: nodes.Node) -> None:
    await work.nodes.save(given(services, cluster, node))
    told = f"Node {node.name} is being made anew with Kubernetes {cluster.version}"
    await history.keep(work, services.event(cluster, f"node:{node.id}", "node:renewal-began", told, ACTIVITY))


def _told(standing: rollouts.Standing) -> str:
    return f"{standing.done} of {standing.of} nodes are up to date"


def _waiting(standing: rollouts.Standing, node: nodes.Node) -> Outcome:
    """Nobody else's turn comes while it is stuck: what works goes on working."""
    blocked = conditions.find(node.conditions, conditions.Kind.BLOCKED)
    if blocked is not None and blocked.holds:
        message = f"{_told(standing)}; {node.name}: {blocked.message}"
        return Blocked(message=message, whose_turn=blocked.whose_turn, activity=blocked.activity)
    progressing = conditions.find(node.conditions, conditions.Kind.PROGRESSING)
    said = progressing.message if progressing is not None and progressing.message else "it is not ready"
    return Wait(message=f"{_told(standing)}; {node.name}: {said}", after=LOOK_AGAIN)
