"""What a customer adapts of a cluster: look at it, change it."""

import dataclasses

from steward.domain import actors, clusters, conditions, customizations
from steward.operations import access, changes, history, moments
from steward.operations import clusters as clusters_
from steward.operations import context as context_
from steward.operations.registry import operation


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> customizations.Customization:
    async with context.records.read() as work:
        return (await access.cluster(work, actor, project_id, cluster_id)).customization


@operation("cluster.customize")
async def edit(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    asked: customizations.Tree,
) -> str:
    """What is told about it. Branches that are left out stay as they are."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        wanted = customizations.changed(cluster.customization, asked)
        moments.check_stands(cluster)
        if wanted == cluster.customization:
            return f"The customization of cluster {cluster.id} is already as asked for"
        standard = cluster.plan is clusters.Plan.STANDARD
        change = changes.Change(
            operation="cluster.customize",
            reason=conditions.Reason.UPDATING if standard else conditions.Reason.REDEPLOYING,
            message="The customization is being applied",
        )
        changed = dataclasses.replace(changes.ordered(cluster, change, now), customization=wanted)
        changed = dataclasses.replace(changed, conditions=clusters_.fallback(context, changed, now))
        await work.clusters.save(changed)
        await history.write(
            work,
            history.Deed(
                operation="cluster.customize",
                type="cluster:customized",
                message=f"The customization was changed: {', '.join(_parts(cluster.customization, wanted))}",
                facts={"off": ",".join(wanted.plugins.disabled)},
            ),
            at=now,
            actor=actor,
            cluster=changed,
        )
    context.wake(f"cluster:{cluster_id}")
    return f"The customization of cluster {cluster.id} is being applied"


def _parts(before: customizations.Customization, wanted: customizations.Customization) -> list[str]:
    parts = {
        "admission plugins of the API server": before.plugins != wanted.plugins,
        "kube-proxy": before.kube_proxy != wanted.kube_proxy,
    }
    return [name for name, differs in parts.items() if differs]
