"""Values to store: one plain sample of each noun, and a strategy for every value it can have."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Network

from hypothesis import strategies as st

from steward.domain import clusters, conditions, credentials, events, nodepools, nodes, progress, projects, versions

NOW = datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC)
PROJECT = projects.Project(
    id=projects.ProjectId("0" * 32),
    account=projects.AccountId("ab12345-steward"),
    description="",
    status=projects.Status.OK,
    created_at=NOW,
)
VERSION = versions.Version(1, 37, 2)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def fresh() -> str:
    return str(uuid.uuid4())


def cluster(**changes: object) -> clusters.Cluster:
    values: dict[str, object] = {
        "id": fresh(),
        "project_id": PROJECT.id,
        "name": "one",
        "region": "LOCAL1",
        "version": VERSION,
        "pods": IPv4Network("10.2.0.0/16"),
        "services": IPv4Network("10.3.0.0/16"),
        "slot": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return clusters.Cluster(**{**values, **changes})  # type: ignore[arg-type]


def pool(cluster_id: str, **changes: object) -> nodepools.NodePool:
    values: dict[str, object] = {
        "id": fresh(),
        "cluster_id": cluster_id,
        "name": "pool",
        "flavor": "b3-8",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return nodepools.NodePool(**{**values, **changes})  # type: ignore[arg-type]


def node(cluster_id: str, **changes: object) -> nodes.Node:
    values: dict[str, object] = {
        "id": fresh(),
        "cluster_id": cluster_id,
        "nodepool_id": "pool",
        "name": "pool-node-123456",
        "flavor": "b3-8",
        "version": VERSION,
        "number": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return nodes.Node(**{**values, **changes})  # type: ignore[arg-type]


def event(cluster_id: str, **changes: object) -> events.Event:
    values: dict[str, object] = {
        "at": NOW,
        "project_id": PROJECT.id,
        "cluster_id": cluster_id,
        "subject": "cluster",
        "subject_id": cluster_id,
        "type": "cluster:ordered",
        "message": "The cluster was ordered",
        "actor": "ab12345-steward",
        "activity": "1.1-1",
    }
    return events.Event(**{**values, **changes})  # type: ignore[arg-type]


def work(subject: str, **changes: object) -> progress.Progress:
    values: dict[str, object] = {"subject": subject, "flow": "Install the cluster", "steps": (), "started_at": NOW}
    return progress.Progress(**{**values, **changes})  # type: ignore[arg-type]


def credential(**changes: object) -> credentials.Credential:
    values: dict[str, object] = {
        "id": 0,
        "consumer_key": fresh(),
        "application_key": "application",
        "account": PROJECT.account,
        "rules": credentials.ALL_RULES,
        "status": credentials.Status.VALIDATED,
        "created_at": NOW,
    }
    return credentials.Credential(**{**values, **changes})  # type: ignore[arg-type]


# Whatever UTF-8 can say, but for NUL, which is replaced on purpose.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
moments = st.datetimes(
    datetime(1900, 1, 1),
    datetime(9000, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=11))]),
)
counts = st.integers(0, 2**31)
ids = st.uuids().map(str)
maps = st.dictionaries(words, words, max_size=3)
tuples = st.lists(words, max_size=3).map(tuple)
numbers = st.builds(versions.Version, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
ranges = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)).map(lambda pair: IPv4Network(pair, strict=False))
kept = st.dictionaries(
    words,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | words,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
        max_leaves=4,
    ),
    max_size=3,
)
facts = st.lists(
    st.builds(
        conditions.Condition,
        kind=st.sampled_from(conditions.Kind),
        holds=st.booleans(),
        reason=st.sampled_from(conditions.Reason),
        message=st.text(max_size=40),  # in JSON even NUL and lone surrogates come back
        whose_turn=words,
        activity=words,
        since=moments,
    ),
    max_size=2,
).map(tuple)

all_projects = st.builds(
    projects.Project,
    id=ids,
    account=words,
    description=words,
    status=st.sampled_from(projects.Status),
    created_at=moments,
)
all_applications = st.builds(credentials.Application, key=words, secret=words, name=words, created_at=moments)
all_credentials = st.builds(
    credentials.Credential,
    id=counts,
    consumer_key=ids,
    application_key=words,
    account=st.none() | words,
    rules=st.lists(st.builds(credentials.AccessRule, words, words), max_size=3).map(tuple),
    status=st.sampled_from(credentials.Status),
    allowed_ips=tuples,
    redirection=st.none() | words,
    description=words,
    created_at=moments,
    expires_at=st.none() | moments,
    last_use=st.none() | moments,
)
all_clusters = st.builds(
    clusters.Cluster,
    id=ids,
    project_id=st.just(PROJECT.id),
    name=words,
    region=words,
    version=numbers,
    plan=st.sampled_from(clusters.Plan),
    update_policy=st.sampled_from(clusters.UpdatePolicy),
    proxy_mode=st.sampled_from(clusters.ProxyMode),
    pods=ranges,
    services=ranges,
    slot=counts,
    node_generation=counts,
    reset_asked_at=st.none() | moments,
    kept=kept,
    restrictions=tuples,
    delete_asked_at=st.none() | moments,
    conditions=facts,
    installed_version=st.none() | numbers,
    installed_at=st.none() | moments,
    created_at=moments,
    updated_at=moments,
)
templates = st.builds(
    nodepools.Template,
    labels=maps,
    annotations=maps,
    finalizers=tuples,
    taints=st.lists(st.builds(nodepools.Taint, key=words, value=words, effect=words), max_size=2).map(tuple),
    unschedulable=st.booleans(),
)
autoscalings = st.builds(
    nodepools.Autoscaling,
    scale_down_unneeded_seconds=counts,
    scale_down_unready_seconds=counts,
    scale_down_utilization=st.floats(0, 1),
)


def all_pools(cluster_id: str) -> st.SearchStrategy[nodepools.NodePool]:
    return st.builds(
        nodepools.NodePool,
        id=ids,
        cluster_id=st.just(cluster_id),
        name=words,
        flavor=words,
        desired=counts,
        minimum=counts,
        maximum=counts,
        autoscale=st.booleans(),
        autoscaling=autoscalings,
        anti_affinity=st.booleans(),
        monthly_billed=st.booleans(),
        availability_zones=tuples,
        template=templates,
        remove_first=tuples,
        kept=kept,
        delete_asked_at=st.none() | moments,
        conditions=facts,
        created_at=moments,
        updated_at=moments,
    )


def all_nodes(cluster_id: str) -> st.SearchStrategy[nodes.Node]:
    return st.builds(
        nodes.Node,
        id=ids,
        cluster_id=st.just(cluster_id),
        nodepool_id=words,
        name=words,
        flavor=words,
        version=numbers,
        generation=counts,
        installed_version=st.none() | numbers,
        number=counts,
        instance_id=st.none() | words,
        delete_asked_at=st.none() | moments,
        drain_began_at=st.none() | moments,
        conditions=facts,
        created_at=moments,
        updated_at=moments,
        deployed_at=st.none() | moments,
        deleted_at=st.none() | moments,
    )


def all_events(cluster_id: str) -> st.SearchStrategy[events.Event]:
    return st.builds(
        events.Event,
        id=counts,
        at=moments,
        project_id=words,
        cluster_id=st.just(cluster_id),
        subject=words,
        subject_id=words,
        type=words,
        message=words,
        actor=words,
        activity=words,
        facts=maps,
    )


steps = st.builds(
    progress.StepProgress,
    name=words,
    activity=words,
    state=st.sampled_from(progress.State),
    message=words,
    started_at=st.none() | moments,
    ended_at=st.none() | moments,
)
all_progress = st.builds(
    progress.Progress,
    subject=words,
    flow=words,
    steps=st.lists(steps, max_size=3).map(tuple),
    started_at=moments,
    ended_at=st.none() | moments,
)
