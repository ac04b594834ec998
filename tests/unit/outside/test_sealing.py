"""The key file is safe and whole, and what is sealed opens only where it belongs."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.domain import errors
from steward.outside import sealing
from steward.ports import sealing as port


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> port.Sealing:
    return sealing.FileKeySealing(tmp_path_factory.mktemp("state") / "seal.key")


@given(plain=st.binary(max_size=500), context=st.text(max_size=50))
def test_what_is_sealed_opens(seal: port.Sealing, plain: bytes, context: str) -> None:
    sealed = seal.seal(plain, context)
    assert seal.open(sealed, context) == plain
    assert len(plain) < 8 or plain not in sealed


@given(one=st.text(max_size=20), other=st.text(max_size=20))
def test_it_opens_in_no_other_place(seal: port.Sealing, one: str, other: str) -> None:
    sealed = seal.seal(b"plain", one)
    if one != other:
        with pytest.raises(ValueError, match="does not open"):
            seal.open(sealed, other)


@given(position=st.integers(0, 33), flip=st.integers(1, 255))
def test_it_does_not_open_when_changed(seal: port.Sealing, position: int, flip: int) -> None:
    sealed = bytearray(seal.seal(b"plain", "here"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(ValueError, match="seal"):
        seal.open(bytes(sealed), "here")


@pytest.mark.parametrize("length", range(34))
def test_it_does_not_open_when_cut_short(seal: port.Sealing, length: int) -> None:
    with pytest.raises(ValueError, match="seal"):
        seal.open(seal.seal(b"plain", "here")[:length], "here")


def test_the_same_plain_text_is_sealed_differently_each_time(seal: port.Sealing) -> None:
    assert len({seal.seal(b"plain", "here") for _ in range(100)}) == 100


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "seal.key"
    previous = os.umask(0)
    try:
        first = sealing.FileKeySealing(path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 32
    assert [each.name for each in path.parent.iterdir()] == ["seal.key"]
    assert sealing.FileKeySealing(path).open(first.seal(b"plain", "here"), "here") == b"plain"


def test_another_key_does_not_open_it(seal: port.Sealing, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="another key"):
        sealing.FileKeySealing(tmp_path / "seal.key").open(seal.seal(b"plain", "here"), "here")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "seal.key"
    sealing.FileKeySealing(path)
    path.chmod(mode)
    with pytest.raises(errors.Unavailable, match=f"chmod 600 {path}"):
        sealing.FileKeySealing(path)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, length: int) -> None:
    path = tmp_path / "seal.key"
    path.write_bytes(b"k" * length)
    path.chmod(0o600)
    with pytest.raises(errors.Unavailable, match="damaged"):
        sealing.FileKeySealing(path)
    assert path.read_bytes() == b"k" * length


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    sealing.FileKeySealing(tmp_path / "elsewhere")
    (tmp_path / "seal.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.Unavailable, match="cannot be used"):
        sealing.FileKeySealing(tmp_path / "seal.key")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.Unavailable, match="provider's turn"):
        sealing.FileKeySealing(tmp_path / "file" / "seal.key")
