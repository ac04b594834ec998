"""Updates: a cluster goes to the latest patch of its minor version, or to the next minor version."""

import dataclasses
from collections.abc import Sequence
from enum import StrEnum

from steward.domain import actors, clusters, conditions, errors, nodes, versions
from steward.operations import access, capabilities, changes, history, moments, renewals
from steward.operations import context as context_
from steward.operations.registry import operation


class Strategy(StrEnum):
    """Values of `cloud.kube.UpdateStrategyEnum`."""

    LATEST_PATCH = "LATEST_PATCH"
    NEXT_MINOR = "NEXT_MINOR"


@operation("cluster.update")
async def update(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    strategy: str | None = None,
) -> None:
    """The control plane goes first, then the nodes, one by one. There is no way back."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        wanted = _strategy(strategy)
        if cluster.update_policy is clusters.UpdatePolicy.NEVER_UPDATE:
            raise errors.Conflict(
                f"Update aborted for service {cluster.id} because of policy {cluster.update_policy.value}",
                name=errors.NAMELESS,
            )
        moments.check_stands(cluster)
        target = _target(cluster, wanted)
        _check_nodes(cluster, await work.nodes.of_cluster(cluster.id), target)
        change = changes.Change(
            operation="cluster.update",
            reason=conditions.Reason.UPDATING,
            message=f"It is being updated from Kubernetes {cluster.version} to {target}",
        )
        saved = await renewals.save(work, dataclasses.replace(cluster, version=target), change, now)
        await history.write(
            work,
            history.Deed(
                operation="cluster.update",
                type="cluster:update-asked",
                message=f"The update of cluster {cluster.name} to Kubernetes {target} was asked for",
                facts={"from": str(cluster.version), "version": str(target), "strategy": wanted.value},
            ),
            at=now,
            actor=actor,
            cluster=saved,
        )
    context.wake(f"cluster:{cluster_id}")


def _strategy(text: str | None) -> Strategy:
    try:
        return Strategy(text) if text is not None else Strategy.LATEST_PATCH
    except ValueError:
        known = ", ".join(each.value for each in Strategy)
        raise errors.BadInput(
            f"Body parameter strategy isn't formated correctly: {str(text)[:64]!r} is not one of {known}"
        ) from None


def _target(cluster: clusters.Cluster, strategy: Strategy) -> versions.Version:
    offered = capabilities.versions_offered()
    if strategy is Strategy.NEXT_MINOR:
        following = versions.next_series(offered, cluster.version)
        if not following:
            raise errors.Conflict(
                f"Cluster {cluster.id} runs Kubernetes {cluster.version}: no later minor version is offered here",
                name="ConflictError",
            )
        return versions.latest_of(offered, following[0])
    newer = [each for each in offered if each.series == cluster.version.series and each > cluster.version]
    if not newer:
        raise errors.Conflict(
            f"Cluster {cluster.id} runs Kubernetes {cluster.version}, and no later patch of {cluster.version.series} "
            "is offered here",
            name="ConflictError",
        )
    return max(newer)


def _check_nodes(cluster: clusters.Cluster, members: Sequence[nodes.Node], target: versions.Version) -> None:
    """A kubelet that is two minor versions behind its API server is supported by nobody here."""
    behind = [each for each in members if not each.deleting and _seen(each).series != cluster.version.series]
    if behind and target.series != cluster.version.series:
        names = ", ".join(f"{each.name} ({_seen(each)})" for each in behind[:5])
        raise errors.Conflict(
            f"Cluster {cluster.id} cannot go to Kubernetes {target}: {names} of its nodes have not reached "
            f"{cluster.version.series} yet; update or delete them first",
            name="ConflictError",
        )


def _seen(node: nodes.Node) -> versions.Version:
    return node.installed_version or node.version
