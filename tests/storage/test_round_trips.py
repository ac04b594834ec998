"""Whatever value the domain can have comes back equal, with its moments in UTC."""

import dataclasses
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steward.domain import clusters, credentials, events, nodepools, nodes, progress, projects
from steward.ports import records
from tests.storage import samples
from tests.storage.conftest import Store

CLUSTER = samples.cluster()
many = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def home(store: Store) -> Store:
    """A store with a project and a cluster to belong to."""

    async def made() -> None:
        async with store.records.begin() as work:
            await work.projects.save(samples.PROJECT)
            await work.clusters.save(CLUSTER)

    store.run(made())
    return store


def kept(store: Store, saving: Any, reading: Any) -> Any:
    """Saved in one transaction, read in another."""

    async def both() -> Any:
        async with store.records.begin() as work:
            given_back = await _awaited(saving(work))
        async with store.records.read() as work:
            return await _awaited(reading(work, given_back))

    return store.run(both())


async def _awaited(made: Coroutine[Any, Any, Any]) -> Any:
    return await made


def check_utc(value: Any) -> None:
    for each in dataclasses.fields(value):
        found = getattr(value, each.name)
        if isinstance(found, datetime):
            assert found.tzinfo is UTC or found.utcoffset() == UTC.utcoffset(None)


@many
@given(value=samples.all_projects)
def test_project(home: Store, value: projects.Project) -> None:
    found = kept(home, lambda work: work.projects.save(value), lambda work, _: work.projects.get(value.id))
    assert found == value
    check_utc(found)


@many
@given(value=samples.all_applications)
def test_application(home: Store, value: credentials.Application) -> None:
    found = kept(
        home,
        lambda work: work.credentials.save_application(value),
        lambda work, _: work.credentials.application(value.key),
    )
    assert found == value
    check_utc(found)


@many
@given(value=samples.all_credentials)
def test_credential(home: Store, value: credentials.Credential) -> None:
    value = dataclasses.replace(value, consumer_key=credentials.ConsumerKey(samples.fresh()))
    found = kept(
        home,
        lambda work: work.credentials.add(value),
        lambda work, _: work.credentials.by_consumer_key(value.consumer_key),
    )
    assert found == dataclasses.replace(value, id=found.id)
    check_utc(found)


@many
@given(value=samples.all_clusters)
def test_cluster(home: Store, value: clusters.Cluster) -> None:
    found = kept(home, lambda work: work.clusters.save(value), lambda work, _: work.clusters.get(value.id))
    assert found == value
    check_utc(found)


@many
@given(value=samples.all_pools(CLUSTER.id))
def test_node_pool(home: Store, value: nodepools.NodePool) -> None:
    found = kept(home, lambda work: work.nodepools.save(value), lambda work, _: work.nodepools.get(value.id))
    assert found == value
    check_utc(found)


@many
@given(value=samples.all_nodes(CLUSTER.id))
def test_node(home: Store, value: nodes.Node) -> None:
    found = kept(home, lambda work: work.nodes.save(value), lambda work, _: work.nodes.get(value.id))
    assert found == value
    check_utc(found)


@many
@given(value=samples.all_events(CLUSTER.id))
def test_event(home: Store, value: events.Event) -> None:
    found = kept(
        home, lambda work: work.events.add(value), lambda work, _: work.events.of_cluster(CLUSTER.id, limit=10_000)
    )[-1]
    assert found == dataclasses.replace(value, id=found.id)
    check_utc(found)


@many
@given(value=samples.all_progress)
def test_progress(home: Store, value: progress.Progress) -> None:
    found = kept(
        home, lambda work: work.progress.save(CLUSTER.id, value), lambda work, _: work.progress.get(value.subject)
    )
    assert found == value
    check_utc(found)


@many
@given(owner=samples.words, name=samples.words, plain=st.binary(max_size=200))
def test_secret(home: Store, owner: str, name: str, plain: bytes) -> None:
    def reading(work: records.Work, _: object) -> Any:
        return work.secrets.get(owner, name)

    assert kept(home, lambda work: work.secrets.put(owner, name, plain), reading) == plain


def test_a_second_save_replaces_the_first(home: Store) -> None:
    changed = dataclasses.replace(CLUSTER, name="another", slot=7, kept={"a": [1, None]}, updated_at=samples.later(1))
    found = kept(home, lambda work: work.clusters.save(changed), lambda work, _: work.clusters.all())
    assert found == [changed]


@pytest.mark.parametrize("text", ["NUL \0 in it", "a lone \udcff surrogate"])
def test_text_that_no_database_takes_is_stored_all_the_same(home: Store, text: str) -> None:
    """Output of a program that died becomes a message; a path of a request is looked up."""
    message = samples.event(CLUSTER.id, message=text)
    found = kept(home, lambda work: work.events.add(message), lambda work, _: work.events.of_cluster(CLUSTER.id))[0]
    assert found.message.startswith(text[:3])
    nothing = kept(
        home,
        lambda work: work.secrets.remove_all(text),
        lambda work, _: work.clusters.get(clusters.ClusterId(text)),
    )
    assert nothing is None


def test_a_moment_without_zone_is_refused(home: Store) -> None:
    bare = dataclasses.replace(samples.PROJECT, created_at=samples.NOW.replace(tzinfo=None))
    with pytest.raises(Exception, match="has no time zone"):
        kept(home, lambda work: work.projects.save(bare), lambda work, _: work.projects.all())
