"""Trees against a definition that is written down as RFC 6962 has it, and proofs that only fit what they prove."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.kit import merkle

SIZES = st.integers(0, 70)


def leaf(number: int) -> bytes:
    return merkle.leaf_hash(str(number).encode())


def defined(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + defined(leaves[:split]) + defined(leaves[split:])).digest()


class Stored:
    def __init__(self, size: int) -> None:
        self.tree = merkle.Growing()
        self.places: dict[merkle.Place, bytes] = {}
        self.leaves = [leaf(number) for number in range(size)]
        for number, each in enumerate(self.leaves):
            self.places[(0, number)] = each
            self.places |= dict(self.tree.append(each))

    def get(self, level: int, index: int) -> bytes:
        return self.places[(level, index)]


def test_the_vectors_of_certificate_transparency() -> None:
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = merkle.Growing()
    for each in inputs:
        tree.append(merkle.leaf_hash(bytes.fromhex(each)))
    assert tree.root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert merkle.Growing().root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(SIZES, SIZES)
def test_a_tree_that_grows_has_the_root_of_the_definition(size: int, more: int) -> None:
    stored = Stored(size)
    assert stored.tree.root == defined(stored.leaves) == merkle.root(size, stored.get)
    again = merkle.Growing(size, stored.tree.roots)
    for number in range(more):
        again.append(leaf(size + number))
    assert again.root == defined([leaf(number) for number in range(size + more)])
    assert again.size == size + more


def test_subtrees_that_are_not_those_of_the_size() -> None:
    with pytest.raises(ValueError, match="tree of 3"):
        merkle.Growing(3, b"x" * 32)


@given(st.data())
def test_inclusion(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    stored = Stored(size)
    proof = merkle.inclusion(index, size, stored.get)
    root = stored.tree.root
    assert merkle.includes(leaf(index), index, size, proof, root)
    assert merkle.includes(leaf(index), other, size, proof, root) == (other == index)
    assert not merkle.includes(leaf(size), index, size, proof, root)
    assert not merkle.includes(leaf(index), index, size, [*proof, root], root)
    assert not merkle.includes(leaf(index), size, size, proof, root)
    if proof:
        assert not merkle.includes(leaf(index), index, size, proof[:-1], root)
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion(size, size, stored.get)


@given(st.data())
def test_consistency(data: st.DataObject) -> None:
    new = data.draw(st.integers(0, 70))
    old = data.draw(st.integers(0, new))
    stored = Stored(new)
    before = defined(stored.leaves[:old])
    proof = merkle.consistency(old, new, stored.get)
    assert merkle.consistent(old, new, proof, before, stored.tree.root)
    if old:
        assert not merkle.consistent(old, new, proof, leaf(99), stored.tree.root)
    if 0 < old < new:
        assert not merkle.consistent(old, new, proof, before, leaf(99))
        assert not merkle.consistent(old, new, [*proof, before], before, stored.tree.root)
        assert not merkle.consistent(old, new, [], before, stored.tree.root)
    assert not merkle.consistent(new + 1, new, [], before, stored.tree.root)
    with pytest.raises(ValueError, match="does not begin"):
        merkle.consistency(new + 1, new, stored.get)
