"""Trees against the reference vectors of certificate-transparency, and every small tree proved."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.model.merkle import (
    HASHES,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    proves_consistency,
    proves_inclusion,
)

# certificate-transparency, cpp/merkletree/merkle_tree_test.cc and transparency-dev/merkle.
INPUTS = [
    bytes.fromhex(one)
    for one in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = (
    (0, 1, ()),
    (
        0, 8,
        ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
         "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
         "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
    ),
    (
        5, 8,
        ("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ),
    (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
    (
        1, 5,
        ("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
         "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
         "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
    ),
)  # fmt: skip
CONSISTENCY = (
    (1, 1, ()),
    (
        1, 8,
        ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
         "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
         "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
    ),
    (
        6, 8,
        ("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ),
    (
        2, 5,
        ("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
         "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
    ),
)  # fmt: skip


def tree_of(count: int, name: str = "sha256") -> Tree:
    return Tree([leaf_hash(str(number).encode(), name) for number in range(count)], name)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = [leaf_hash(one) for one in INPUTS]
    assert Tree(leaves[:size]).root().hex() == ROOTS[size]
    assert Tree(leaves).root(size).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_paths_are_those_of_certificate_transparency(
    index: int, size: int, path: tuple[str, ...]
) -> None:
    found = Tree([leaf_hash(one) for one in INPUTS]).inclusion(index, size)
    assert [one.hex() for one in found] == list(path)
    root = bytes.fromhex(ROOTS[size])
    assert proves_inclusion(leaf_hash(INPUTS[index]), index, size, found, root)


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(
    first: int, second: int, path: tuple[str, ...]
) -> None:
    found = Tree([leaf_hash(one) for one in INPUTS]).consistency(first, second)
    assert [one.hex() for one in found] == list(path)
    one, other = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert proves_consistency(first, second, one, other, found)


def test_sm3_is_that_of_its_standard() -> None:
    # GB/T 32905-2016, example 1: the hash of "abc".
    known = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert hashlib.new("sm3", b"abc").hexdigest() == known
    assert leaf_hash(b"x", "sm3") == hashlib.new("sm3", b"\0x").digest()
    assert tree_of(2, "sm3").root() == node_hash(
        leaf_hash(b"0", "sm3"), leaf_hash(b"1", "sm3"), "sm3"
    )


@pytest.mark.parametrize("name", HASHES)
def test_every_proof_of_every_small_tree_holds_and_no_other(name: str) -> None:
    whole = tree_of(20, name)
    for size in range(1, 21):
        root = whole.root(size)
        for index in range(size):
            path = whole.inclusion(index, size)
            leaf = whole.leaf(index)
            assert proves_inclusion(leaf, index, size, path, root, name)
            assert not proves_inclusion(leaf_hash(b"?", name), index, size, path, root, name)
            assert not proves_inclusion(leaf, (index + 1) % size, size, path, root, name) or (
                size == 1
            )
            assert not proves_inclusion(leaf, index, size, [*path, root], root, name)
        for first in range(1, size + 1):
            proof = whole.consistency(first, size)
            assert proves_consistency(first, size, whole.root(first), root, proof, name)
            assert not proves_consistency(first, size, leaf_hash(b"?", name), root, proof, name)


@given(st.lists(st.binary(max_size=8), max_size=40), st.data())
def test_a_tree_that_grew_is_the_tree_made_at_once(items: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(one) for one in items]
    split = data.draw(st.integers(0, len(leaves)))
    grown = Tree(leaves[:split])
    for leaf in leaves[split:]:
        grown.add(leaf)
    edge = Frontier()
    edge.extend(leaves[:split])
    assert edge.root() == grown.root(split)
    edge.extend(leaves[split:])
    assert edge.root() == grown.root()
    assert (edge.size, len(grown)) == (len(leaves), len(leaves))
    assert grown.root() == Tree(leaves).root()
    if leaves:
        index = data.draw(st.integers(0, len(leaves) - 1))
        changed = [*leaves]
        changed[index] = leaf_hash(items[index] + b"!")
        assert Tree(changed).root() != grown.root()
