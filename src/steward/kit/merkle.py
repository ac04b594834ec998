"""RFC 6962 Merkle trees: grown leaf by leaf; root, inclusion and consistency over stored subtree roots, and verified.

`Get` gives the root of a complete subtree: level 0 are leaves, (k, i) covers the leaves i*2^k … (i+1)*2^k - 1. Storage
may run an operation twice, first with `needed` to learn which roots it asks for, so that it fetches them at once.
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
Get = Callable[[int, int], bytes]
Place = tuple[int, int]  # level, index


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def needed(act: Callable[[Get], object]) -> list[Place]:
    """The subtree roots that `act` asks for."""
    asked: dict[Place, None] = {}

    def note(level: int, index: int) -> bytes:
        asked[(level, index)] = None
        return b""

    act(note)
    return list(asked)


class Growing:
    """A tree that only its whole subtrees are kept of, one per bit of its size: leaves go in, the root comes out."""

    def __init__(self, size: int = 0, roots: bytes = b"") -> None:
        if len(roots) != HASH_SIZE * size.bit_count():
            raise ValueError(f"these are not the subtrees of a tree of {size}")
        self.size = size
        self._roots = [roots[start : start + HASH_SIZE] for start in range(0, len(roots), HASH_SIZE)]

    def append(self, leaf: bytes) -> list[tuple[Place, bytes]]:
        """The roots of the subtrees that this leaf hash completes, above its own."""
        level, index, found = 0, self.size, leaf
        made = []
        while index % 2:
            found = node_hash(self._roots.pop(), found)
            level, index = level + 1, index // 2
            made.append(((level, index), found))
        self._roots.append(found)
        self.size += 1
        return made

    @property
    def roots(self) -> bytes:
        """Largest subtree first; with the size, all that is needed to go on."""
        return b"".join(self._roots)

    @property
    def root(self) -> bytes:
        if not self._roots:
            return EMPTY_ROOT
        found = self._roots[-1]
        for each in reversed(self._roots[:-1]):
            found = node_hash(each, found)
        return found


def root(size: int, get: Get) -> bytes:
    return _range_root(0, size, get) if size else EMPTY_ROOT


def inclusion(index: int, size: int, get: Get) -> list[bytes]:
    """RFC 6962, 2.1.1: the siblings from the leaf upwards. ValueError where the leaf is not among the first `size`."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    return _path(index, 0, size, get)


def consistency(old: int, new: int, get: Get) -> list[bytes]:
    """RFC 6962, 2.1.2: that the tree of `new` leaves begins with the one of `old`."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not begin with one of {old}")
    return _subproof(old, 0, new, get, whole=True) if 0 < old < new else []


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether the proof leads from the leaf's hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if first % 2 or first == last:
            found = node_hash(each, found)
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, each)
        first, last = first >> 1, last >> 1
    return last == 0 and found == expected


def consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the proof shows that the new root's tree begins with the old root's (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and (old_root == new_root if old else old_root == EMPTY_ROOT)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    return _consistent_along(old - 1, new - 1, path, old_root, new_root)


def _consistent_along(first: int, last: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    while first % 2:
        first, last = first >> 1, last >> 1
    of_old = of_new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if first % 2 or first == last:
            of_old, of_new = node_hash(each, of_old), node_hash(each, of_new)
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            of_new = node_hash(of_new, each)
        first, last = first >> 1, last >> 1
    return last == 0 and of_old == old_root and of_new == new_root


def _split(count: int) -> int:
    """The largest power of two below it."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(start: int, end: int, get: Get) -> bytes:
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return get(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range_root(start, middle, get), _range_root(middle, end, get))


def _path(index: int, start: int, end: int, get: Get) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, get), _range_root(middle, end, get)]
    return [*_path(index, middle, end, get), _range_root(start, middle, get)]


def _subproof(old: int, start: int, end: int, get: Get, *, whole: bool) -> list[bytes]:
    if old == end - start:
        return [] if whole else [_range_root(start, end, get)]
    split = _split(end - start)
    middle = start + split
    if old <= split:
        return [*_subproof(old, start, middle, get, whole=whole), _range_root(middle, end, get)]
    return [*_subproof(old - split, middle, end, get, whole=False), _range_root(start, middle, get)]
