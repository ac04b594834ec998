"""The rules of `ports/sealing.py`."""

from pathlib import Path

import pytest

from steward.outside import sealing as sealing_
from steward.ports import sealing

PLAIN = b"a secret of some length"


@pytest.fixture
def sealer(tmp_path: Path) -> sealing.Sealing:
    return sealing_.FileKeySealing(tmp_path / "seal.key")


@pytest.mark.parametrize("plain", [b"", b"\0", PLAIN, PLAIN * 10_000])
def test_what_is_sealed_opens_in_its_place(sealer: sealing.Sealing, plain: bytes) -> None:
    assert sealer.open(sealer.seal(plain, "here"), "here") == plain


def test_it_does_not_show_what_it_seals(sealer: sealing.Sealing) -> None:
    assert PLAIN not in sealer.seal(PLAIN, "here")


def test_it_seals_the_same_differently_each_time(sealer: sealing.Sealing) -> None:
    assert sealer.seal(PLAIN, "here") != sealer.seal(PLAIN, "here")


@pytest.mark.parametrize("place", ["there", "", "her", "here "])
def test_moved_it_does_not_open(sealer: sealing.Sealing, place: str) -> None:
    with pytest.raises(ValueError, match="seal"):
        sealer.open(sealer.seal(PLAIN, "here"), place)


def test_changed_it_does_not_open(sealer: sealing.Sealing) -> None:
    sealed = sealer.seal(PLAIN, "here")
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(ValueError, match="seal"):
            sealer.open(changed, "here")


@pytest.mark.parametrize("length", [0, 1, 12, 13, 28])
def test_cut_short_it_does_not_open(sealer: sealing.Sealing, length: int) -> None:
    with pytest.raises(ValueError, match="seal"):
        sealer.open(sealer.seal(PLAIN, "here")[:length], "here")


def test_a_successor_opens_what_was_sealed_before(tmp_path: Path) -> None:
    sealed = sealing_.FileKeySealing(tmp_path / "seal.key").seal(PLAIN, "here")
    assert sealing_.FileKeySealing(tmp_path / "seal.key").open(sealed, "here") == PLAIN


def test_another_key_does_not_open_it(sealer: sealing.Sealing, tmp_path: Path) -> None:
    other = sealing_.FileKeySealing(tmp_path / "other.key")
    with pytest.raises(ValueError, match="seal"):
        other.open(sealer.seal(PLAIN, "here"), "here")
