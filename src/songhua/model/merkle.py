"""Merkle trees as RFC 6962 has them (2.1): tree hash, inclusion and consistency proofs.

A leaf is hashed behind a zero byte and a node behind a one, so that neither is ever taken for the
other. Functions take the hashes of leaves (`leaf_hash`), oldest first.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASHES = ("sha256", "sm3")
"""Hashes a tree may be made of; both of 32 bytes."""


def leaf_hash(data: bytes, name: str = "sha256") -> bytes:
    """Return the hash of a leaf."""
    return hashlib.new(name, b"\0" + data).digest()


def node_hash(left: bytes, right: bytes, name: str = "sha256") -> bytes:
    """Return the hash of a node above two others."""
    return hashlib.new(name, b"\1" + left + right).digest()


class Tree:
    """A tree that grows; it holds a hash for every full subtree, two for each leaf at most.

    >>> Tree().root().hex()[:16]
    'e3b0c44298fc1c14'
    """

    def __init__(self, leaves: Iterable[bytes] = (), name: str = "sha256") -> None:
        self.name = name
        self._rows: list[list[bytes]] = [list(leaves)]
        hashed = _hasher(name)
        while len(row := self._rows[-1]) > 1:
            pairs = zip(row[::2], row[1::2], strict=False)
            self._rows.append([hashed(b"\1" + left + right) for left, right in pairs])

    def __len__(self) -> int:
        """Return how many leaves there are."""
        return len(self._rows[0])

    def leaf(self, index: int) -> bytes:
        """Return the hash of a leaf; the first is 0."""
        return self._rows[0][index]

    def add(self, leaf: bytes) -> None:
        """Put the hash of a leaf at the end."""
        hashed = _hasher(self.name)
        self._rows[0].append(leaf)
        level = 0
        while len(self._rows[level]) % 2 == 0:
            left, right = self._rows[level][-2:]
            level += 1
            if level == len(self._rows):
                self._rows.append([])
            self._rows[level].append(hashed(b"\1" + left + right))

    def root(self, size: int | None = None) -> bytes:
        """Return the hash over the first leaves, over all when no size is given."""
        end = len(self) if size is None else size
        if not 0 <= end <= len(self):
            raise IndexError(size)
        return self._over(0, end) if end else _hasher(self.name)(b"")

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the path that proves a leaf to be in the tree of a size (2.1.1)."""
        end = len(self) if size is None else size
        if not 0 <= index < end <= len(self):
            raise IndexError(index)
        path: list[bytes] = []
        begin = 0
        while end - begin > 1:
            split = begin + _split(end - begin)
            if index < split:
                path.append(self._over(split, end))
                end = split
            else:
                path.append(self._over(begin, split))
                begin = split
        return path[::-1]

    def consistency(self, first: int, size: int | None = None) -> list[bytes]:
        """Return the proof that the tree of one size is the beginning of another (2.1.2)."""
        end = len(self) if size is None else size
        if not 0 < first <= end <= len(self):
            raise IndexError(first)
        path: list[bytes] = []
        begin, whole = 0, True
        while first != end:
            split = begin + _split(end - begin)
            if first <= split:
                path.append(self._over(split, end))
                end = split
            else:
                path.append(self._over(begin, split))
                begin, whole = split, False
        if not whole:
            path.append(self._over(begin, end))
        return path[::-1]

    def _over(self, begin: int, end: int) -> bytes:
        """Return the hash over leaves of which the first begins a full subtree."""
        count = end - begin
        level = count.bit_length() - 1
        if count == 1 << level:
            return self._rows[level][begin >> level]
        split = begin + _split(count)
        return node_hash(self._over(begin, split), self._over(split, end), self.name)


class Frontier:
    """The right edge of a tree: its root after any number of leaves, in the memory of a few."""

    def __init__(self, name: str = "sha256") -> None:
        self._hashed = _hasher(name)
        self._peaks: list[bytes] = []
        self.size = 0

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Put the hashes of leaves at the end."""
        hashed, peaks, size = self._hashed, self._peaks, self.size
        for leaf in leaves:
            size += 1
            count, node = size, leaf
            while not count & 1:
                node = hashed(b"\1" + peaks.pop() + node)
                count >>= 1
            peaks.append(node)
        self.size = size

    def root(self) -> bytes:
        """Return the hash over all leaves."""
        if not self._peaks:
            return self._hashed(b"")
        found = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            found = self._hashed(b"\1" + peak + found)
        return found


def proves_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes, name: str = "sha256"
) -> bool:
    """Return whether a path leads from a leaf to the root of a tree of a size."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(beside, found, name)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, beside, name)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(
    first: int,
    second: int,
    first_root: bytes,
    second_root: bytes,
    path: Sequence[bytes],
    name: str = "sha256",
) -> bool:
    """Return whether a proof shows one tree to be the beginning of another."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    left = list(path) if first & (first - 1) else [first_root, *path]
    if not left:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = left[0]
    for beside in left[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(beside, old, name), node_hash(beside, new, name)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, beside, name)
        at, last = at >> 1, last >> 1
    return last == 0 and (old, new) == (first_root, second_root)


def _split(count: int) -> int:
    """Return the greatest power of two below a count."""
    return int(1 << (count - 1).bit_length() - 1)


def _hasher(name: str) -> Callable[[bytes], bytes]:
    if name == "sha256":  # a tree of a million leaves asks a million times
        plain = hashlib.sha256
        return lambda data: plain(data).digest()
    return lambda data: hashlib.new(name, data).digest()
