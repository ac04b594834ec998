"""`docs/responsibility.md`: which row of the contract each operation and each step of a flow falls under."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import cast

from docs.generate import markdown
from steward.domain import clusters, errors, networks, nodepools, nodes, projects, versions
from steward.reconcile import assembly, engine, flow, node_views, outcome, services
from steward.reconcile import clusters as clusters_
from steward.reconcile import nodes as nodes_
from steward.responsibility import matrix, model, operations

_HEAD = """# Who is responsible for what

The contract is OVHcloud's published responsibility model for Managed Kubernetes: {count} activities, each with the
letters of the customer and of the provider. It is data: `src/steward/catalogue/responsibility.yaml`. R carries the
activity out, A is accountable for its success, C is consulted during it, I is informed of its result.

Every operation that changes something, and every step of a flow, carries the id of its activity. The id stands in the
events (`steward events CLUSTER -o wide`) and in the progress (`steward progress CLUSTER -o wide`). In this release the
id is recorded; **nothing is decided by it yet**, no notice is sent, and no evidence is kept
([critique.md](critique.md)). Why it is there from the first release:
[decisions/0003-activities.md](decisions/0003-activities.md).

"""

_OPERATIONS = "What somebody asks for, through the API."
_FIELDS = "Fields of an order that are decisions of their own."
_STEPS = "What the provider's automation does. A restored cluster or node runs the same steps under another activity."
_NOBODY = "Rows that nothing carries in this release: what they need does not exist yet, or is the customer's own work."

_NOW = datetime(2030, 1, 1, tzinfo=UTC)
_VERSION = versions.Version(1, 0, 0)

# What changes something outside of a flow.
_ALSO = (
    ("Delete the cluster", "Destroy the keys", clusters_.DESTROY_CONFIGURATION),
    ("Watch the programs", "Start a program again that ended", assembly.Changes.ACTIVITY),
)


def page() -> str:
    contract = matrix.load()
    steps = list(dict.fromkeys((*_steps(), *_ALSO)))
    asked, fields = operations.ACTIVITY_OF, operations.ACTIVITY_OF_FIELD
    carried = {*asked.values(), *fields.values(), *(activity for _, _, activity in steps)}
    return "\n".join(
        [
            markdown.NOTE.format(source="the code that names the activities"),
            _HEAD.format(count=len(contract.activities)).rstrip(),
            f"\n## Operations\n\n{_OPERATIONS}\n",
            _table(contract, "Operation", asked),
            f"## Fields\n\n{_FIELDS}\n",
            _table(contract, "Field", fields),
            f"## Steps\n\n{_STEPS}\n",
            markdown.table(
                ["Flow", "Step", *_TITLES[:-1]],
                ([named, step, *_letters(contract.activity(activity))[:-1]] for named, step, activity in steps),
            ),
            f"## Not carried\n\n{_NOBODY}\n",
            markdown.table(
                _TITLES, (_letters(each) for key, each in contract.activities.items() if key not in carried)
            ),
        ]
    )


_TITLES = ["Activity", "Customer", "Provider", "In the contract's words"]


def _table(contract: model.Matrix, title: str, activities: Mapping[str, str]) -> str:
    rows = ([markdown.code(name), *_letters(contract.activity(activity))] for name, activity in activities.items())
    return markdown.table([title, *_TITLES], rows)


def _letters(activity: model.Activity) -> list[str]:
    letters = (
        "".join(letter for letter in "RACI" if letter in activity.letters[party])
        for party in (errors.CUSTOMER, errors.PROVIDER)
    )
    words = activity.text + (" *(the editions of the contract disagree about this row)*" if activity.disputed else "")
    return [activity.id, *letters, words]


class _Recorder:
    """Stands where the reconcilers expect their services: keeps the flows they would run, and runs none."""

    def __init__(self) -> None:
        self.flows: list[flow.Flow] = []

    async def run(self, wanted: flow.Flow, *_: object) -> outcome.Outcome:
        self.flows.append(wanted)
        return outcome.Wait(message="", after=0.0)


def _steps() -> Iterator[tuple[str, str, str]]:
    for each in asyncio.run(_flows()):
        for step in each.steps:
            yield each.name, step.name.replace(str(_VERSION), "of the ordered version"), step.activity


async def _flows() -> list[flow.Flow]:
    """Every flow there is, in the order of a cluster's life."""
    recorder = _Recorder()
    stand_in = cast(services.Services, recorder)
    planes = clusters_.ClusterReconciler(stand_in)
    machines = nodes_.NodeReconciler(stand_in, cast(node_views.NodeViews, None))
    for installed_at in (None, _NOW):
        cluster = _cluster(installed_at)
        recorder.flows.append(planes._flow(clusters_.Scope(cluster, _NETWORK, _LEASE)))
        recorder.flows.append(machines._flow(_node_scope(cluster, deployed_at=installed_at)))
    await machines._remove(_node_scope(_cluster(_NOW), deployed_at=_NOW))
    await planes._remove(clusters_.Scope(_cluster(_NOW), _NETWORK, _LEASE))
    return recorder.flows


_NETWORK = networks.Plan(IPv4Network("100.64.0.0/12")).cluster(0)
_LEASE = engine.Lease("", 0, _NOW)


def _cluster(installed_at: datetime | None) -> clusters.Cluster:
    return clusters.Cluster(
        id=clusters.ClusterId(""),
        project_id=projects.ProjectId(""),
        name="",
        region="",
        version=_VERSION,
        pods=networks.DEFAULT_PODS,
        services=networks.DEFAULT_SERVICES,
        slot=0,
        installed_at=installed_at,
        created_at=_NOW,
        updated_at=_NOW,
    )


def _node_scope(cluster: clusters.Cluster, *, deployed_at: datetime | None) -> nodes_.Scope:
    pool = nodepools.NodePool(
        id=nodepools.NodePoolId(""), cluster_id=cluster.id, name="", flavor="", created_at=_NOW, updated_at=_NOW
    )
    node = nodes.Node(
        id=nodes.NodeId(""),
        cluster_id=cluster.id,
        nodepool_id=pool.id,
        name="",
        flavor="",
        version=_VERSION,
        number=0,
        deployed_at=deployed_at,
        created_at=_NOW,
        updated_at=_NOW,
    )
    return nodes_.Scope(node, pool, cluster, _NETWORK, _LEASE, {}, {})
