"""Two stewards on one machine never share a name or an address, whether they run or have clusters alone."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from steward.domain import errors, networks
from steward.runtimes.processes import claims, places

ONE = networks.Plan(IPv4Network("100.64.0.0/12"))
OTHER = networks.Plan(IPv4Network("100.80.0.0/12"))
LISTEN = "127.0.0.1:8080"


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(claims, "FOLDER", tmp_path / "run")


def spot(tmp_path: Path, name: str, instance: str = "stw") -> places.Places:
    return places.Places(tmp_path / name, instance)


def test_another_one_with_the_same_name_or_range_is_refused(tmp_path: Path) -> None:
    with claims.held(spot(tmp_path, "first"), ONE, LISTEN):
        with pytest.raises(errors.Unavailable, match=f"serves from {tmp_path / 'first'}"):
            claims.held(spot(tmp_path, "second"), OTHER, LISTEN).__enter__()
        with pytest.raises(errors.Unavailable, match="overlaps"):
            claims.held(spot(tmp_path, "second", "stx"), ONE, LISTEN).__enter__()
        with claims.held(spot(tmp_path, "second", "stx"), OTHER, LISTEN):
            assert [each.claim.instance for each in claims.known() if each.runs] == ["stw", "stx"]
    assert [each.runs for each in claims.known()] == [False, False]


def test_clusters_that_go_on_keep_the_name_of_their_steward(tmp_path: Path) -> None:
    with claims.held(spot(tmp_path, "first"), ONE, LISTEN):
        (tmp_path / "first" / "clusters" / "one").mkdir(parents=True)
    with pytest.raises(errors.Unavailable, match="does not run while its clusters"):
        claims.held(spot(tmp_path, "second"), OTHER, LISTEN).__enter__()
    with claims.held(spot(tmp_path, "first"), ONE, LISTEN):
        pass
    (tmp_path / "first" / "clusters" / "one").rmdir()
    with claims.held(spot(tmp_path, "second"), OTHER, LISTEN):
        (known,) = claims.known()
        assert (known.claim.state, known.claim.listen) == (str(tmp_path / "second"), LISTEN)


def test_a_note_that_was_cut_off_keeps_nobody_out(tmp_path: Path) -> None:
    claims.FOLDER.mkdir()
    (claims.FOLDER / "stw.json").write_text('{"instance": "st')
    with claims.held(spot(tmp_path, "first"), ONE, LISTEN):
        assert len(claims.known()) == 1
    claims.give_up(spot(tmp_path, "first"))
    claims.give_up(spot(tmp_path, "first"))
    assert claims.known() == []


def test_clusters_are_not_left_behind_under_another_name(tmp_path: Path) -> None:
    own = spot(tmp_path, "first")
    with claims.held(own, ONE, LISTEN):
        (tmp_path / "first" / "clusters" / "one").mkdir(parents=True)
    for instance, plan in (("stx", ONE), ("stw", OTHER)):
        with pytest.raises(errors.Unavailable, match=r"have the name stw .* range 100\.64\.0\.0/12"):
            claims.held(spot(tmp_path, "first", instance), plan, LISTEN).__enter__()
    assert claims.estranged(own, ONE) == ""
    (claims.FOLDER / "stw.json").unlink()  # the machine was started again
    with pytest.raises(errors.Unavailable, match="have the name stw"):
        claims.held(spot(tmp_path, "first", "stx"), ONE, LISTEN).__enter__()
    (tmp_path / "first" / "clusters" / "one").rmdir()
    with claims.held(spot(tmp_path, "first", "stx"), OTHER, LISTEN):
        found = claims.of_state(tmp_path / "first")
        assert found is not None
        assert found.claim.instance == "stx"
