"""Collections: what their id, owner, key and date find, for every noun alike."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from steward.domain import decisions, errors, people
from steward.storage import kept
from tests.storage.conftest import Store

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def made(kind: type[Any], number: int) -> Any:
    """A value of a noun with something in every field."""
    hints = typing.get_type_hints(kind)
    return kind(**{each.name: _value(hints[each.name], each.name, number) for each in dataclasses.fields(kind)})


def _value(hint: Any, name: str, number: int) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _value(next(each for each in arguments if each is not types.NoneType), name, number)
    if origin is tuple:
        inner = arguments[:1] if arguments[-1] is ... else arguments
        return tuple(_value(each, name, number) for each in inner)
    if origin is not None and issubclass(origin, Mapping):
        key = "name" if arguments[0] is str else _value(arguments[0], name, number)
        return {key: "value" if arguments[1] is Any else _value(arguments[1], name, number)}
    if isinstance(hint, typing.NewType):
        return _value(hint.__supertype__, name, number)
    if dataclasses.is_dataclass(hint):
        return made(typing.cast(type[Any], hint), number)
    return _plain(hint, name, number)


def _plain(hint: Any, name: str, number: int) -> Any:
    if issubclass(hint, StrEnum):
        return next(iter(hint))
    if hint is datetime:
        return NOW + timedelta(microseconds=number)
    if hint is str:
        return f"{name} {number} ü"
    return hint(number)


@pytest.mark.parametrize("name", sorted(kept.KINDS))
def test_every_noun_comes_back_as_it_was_put(store: Store, name: str) -> None:
    kind = kept.KINDS[name]
    first, second = made(kind.type, 1), made(kind.type, 2)

    async def check() -> None:
        async with store.records.begin() as work:
            collection = getattr(work, name)
            await collection.put(first)
            await collection.put(second)
            await collection.put(first)
        async with store.records.read() as work:
            collection = getattr(work, name)
            assert await collection.get(kind.id(first)) == first
            assert list(await collection.all()) == [first, second]
            assert first in await collection.of(kind.owner(first))
            assert list(await collection.of(kind.owner(second), latest=1)) == [second]
            assert await collection.get("another") is None
        async with store.records.begin() as work:
            collection = getattr(work, name)
            await collection.remove(kind.id(first))
            await collection.remove_of(kind.owner(second))
            assert list(await collection.all()) == []

    store.run(check())


def test_only_the_latest_of_an_owner_are_kept(store: Store) -> None:
    first, second, third = (token(name) for name in ("first", "second", "third"))
    another = dataclasses.replace(token("another"), person_id=people.PersonId("ann"))

    async def check() -> None:
        async with store.records.begin() as work:
            for each in (another, first, second, third):
                await work.tokens.put(each)
            await work.tokens.put(first)  # changed, and yet the oldest
            await work.tokens.keep_latest("joe", 3)
            assert len(await work.tokens.of("joe")) == 3
            await work.tokens.keep_latest("joe", 2)
        async with store.records.read() as work:
            assert list(await work.tokens.of("joe")) == [second, third]
            assert list(await work.tokens.of("ann")) == [another]

    store.run(check())


def test_every_collection_has_a_noun() -> None:
    """Of the port; the paper between `Work` and the table."""
    from steward.ports import records

    collections = {each.name for each in dataclasses.fields(records.Work) if "Collection" in str(each.type)}
    assert collections == set(kept.KINDS)


def token(name: str, *, hash: str = "", expires: int | None = None, revoked: bool = False) -> people.Token:
    return people.Token(
        id=people.TokenId(name),
        person_id=people.PersonId("joe"),
        purpose=people.Purpose.API,
        hash=hash or f"hash of {name}",
        created_at=NOW,
        expires_at=None if expires is None else NOW + timedelta(seconds=expires),
        revoked_at=NOW if revoked else None,
    )


def test_keys_are_unique_and_find_their_value(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as work:
            await work.tokens.put(token("one", hash="same"))
        with pytest.raises(errors.Conflict):
            async with store.records.begin() as work:
                await work.tokens.put(token("two", hash="same"))
        async with store.records.begin() as work:
            assert await work.tokens.by_key("same") == token("one", hash="same")
            await work.tokens.put(token("one", hash="new"))
            assert await work.tokens.by_key("same") is None
            await work.tokens.put(token("two", hash="same"))

    store.run(check())


def test_what_is_due_comes_earliest_first(store: Store) -> None:
    late, soon, never = token("late", expires=20), token("soon", expires=10), token("never")
    gone = token("gone", expires=5, revoked=True)

    async def check() -> None:
        async with store.records.begin() as work:
            for each in (late, soon, never, gone):
                await work.tokens.put(each)
        async with store.records.read() as work:
            assert list(await work.tokens.due(NOW + timedelta(seconds=9))) == []
            assert list(await work.tokens.due(NOW + timedelta(seconds=10))) == [soon]
            assert list(await work.tokens.due(NOW + timedelta(seconds=30))) == [soon, late]
            assert list(await work.tokens.due(NOW + timedelta(seconds=30), limit=1)) == [soon]

    store.run(check())


def test_a_noun_that_grew_a_field_reads_its_old_values(store: Store) -> None:
    """Values are JSON: one that was written before a field with a default existed comes back with the default."""
    value = made(decisions.Kept, 1)
    old = {key: each for key, each in kept._adapter("decisions").dump_python(value, mode="json").items()}
    del old["decision"]["delegation_id"]
    read = kept._adapter("decisions").validate_python(old)
    assert read.decision.delegation_id == ""
