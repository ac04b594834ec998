"""Editions of the contract: the release's, the operator's, what a new one changes, and what is refused at the start."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from steward.bootstrap import editions
from steward.catalogue import loading
from steward.domain import errors
from steward.responsibility import differences, matrix, operations

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(autouse=True)
def as_released() -> Iterator[None]:
    yield
    matrix.publish({})


def edition(version: str = "2", edit: Edit = lambda document: None) -> dict[str, Any]:
    document = copy.deepcopy(loading.responsibility())
    document["version"] = version
    edit(document)
    return document


def row(document: dict[str, Any], activity: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["activities"] if each["id"] == activity)
    return found


def test_the_newest_is_the_greatest_number_not_the_last_word() -> None:
    matrix.publish({"b.yaml": edition("10"), "a.yaml": edition("2.1")})
    assert list(matrix.versions()) == ["1", "2.1", "10"]
    assert matrix.newest().version == "10"
    assert matrix.load("1").version == "1"
    assert matrix.is_newer("10", "2.1")


def test_publishing_again_replaces() -> None:
    matrix.publish({"a.yaml": edition("2")})
    matrix.publish({"a.yaml": edition("3")})
    assert list(matrix.versions()) == ["1", "3"]
    with pytest.raises(KeyError):
        matrix.load("2")


def test_the_digest_is_of_what_it_says_not_how_it_is_written() -> None:
    one, other = edition(), dict(reversed(list(edition().items())))
    assert matrix.built(one).digest == matrix.built(other).digest
    row(other, "2.1-1")["activity"] += "."
    assert matrix.built(one).digest != matrix.built(other).digest


def change_everything(document: dict[str, Any]) -> None:
    row(document, "3.1.2-3").update(customer="", provider="RA")
    row(document, "2.1-1")["activity"] = "Install it"
    del row(document, "3.1.6-3")["disputed"]
    document["activities"] = [each for each in document["activities"] if each["id"] != "4.2-2"]
    document["activities"].append({"id": "6.1-1", "customer": "RA", "provider": "I", "activity": "Dance"})


def test_a_new_edition_is_compared_row_by_row() -> None:
    found = differences.diff(matrix.load("1"), matrix.built(edition(edit=change_everything)))
    assert {(each.activity, each.change.value, each.what) for each in found} == {
        ("3.1.2-3", "changed", ("letters",)),
        ("2.1-1", "changed", ("text",)),
        ("3.1.6-3", "changed", ("disputed",)),
        ("6.1-1", "added", ()),
        ("4.2-2", "removed", ()),
    }
    assert differences.diff(matrix.load("1"), matrix.load("1")) == []


def drop(activity: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        document["activities"] = [each for each in document["activities"] if each["id"] != activity]

    return edit


def set_row(**values: Any) -> Edit:
    return lambda document: row(document, "2.1-1").update(values)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (drop("3.1.6-6"), "acts under 3.1.6-6"),
        (set_row(provider="R"), "exactly one accountable"),
        (set_row(customer="A"), "exactly one accountable"),
        (set_row(provider="RAX"), "X"),
        (set_row(provider=None), "says nothing of the provider"),
        (set_row(activity=" "), "no text"),
        (set_row(id="2.1-2"), "stands twice"),
        (set_row(id=2.1), "not the id"),
        (lambda document: document.update(version=2), "quoted number"),
        (lambda document: document.update(version="latest"), "quoted number"),
        (lambda document: document.update(version="1"), "another edition 1"),
        (lambda document: document.update(parties=["provider", "customer"]), "parties"),
        (lambda document: document.update(activities=[]), "no list of activities"),
        (lambda document: document.update(activities=["R"]), "is not an activity"),
    ],
)
def test_a_broken_edition_is_refused_by_name(edit: Edit, said: str) -> None:
    def made(document: dict[str, Any]) -> None:
        edit(document)
        if document["version"] == "1":  # not the text of the release
            set_row(activity="Install it")(document)

    with pytest.raises(ValueError, match=f"odd.yaml: .*{said}"):
        matrix.publish({"odd.yaml": edition(edit=made)})
    assert list(matrix.versions()) == ["1"]


def test_two_editions_of_one_number_are_refused() -> None:
    with pytest.raises(ValueError, match="another edition 2"):
        matrix.publish({"a.yaml": edition(), "b.yaml": edition()})


def test_every_row_that_something_acts_under_is_asked_for() -> None:
    assert set(operations.ACTIVITY_OF.values()) <= operations.ROWS
    assert set(matrix.load().activities) >= operations.ROWS


def test_the_operators_folder_is_read_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "second.yaml").write_text(yaml.safe_dump(edition(), allow_unicode=True), encoding="utf-8")
    editions.publish(tmp_path)
    assert list(matrix.versions()) == ["1", "2"]
    editions.publish(None)
    assert list(matrix.versions()) == ["1"]


@pytest.mark.parametrize("text", ["", "just words", "version: [", "version: 2\n", '{"version": "2", "d": 2020-01-01}'])
def test_a_file_that_is_no_edition_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(errors.Unavailable, match="STEWARD_CONTRACTS"):
        editions.publish(tmp_path)


def test_a_folder_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable, match="not there"):
        editions.publish(tmp_path / "nowhere")
