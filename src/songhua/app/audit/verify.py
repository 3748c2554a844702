"""Prove offline that nothing was altered, removed or put in, and name the first bad record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from songhua.app.audit import seal
from songhua.app.audit.checkpoint import (
    LEAF,
    Checkpoint,
    checkpoints,
    leaves_of,
    path_of,
    read_checkpoint,
    split,
)
from songhua.app.audit.findings import Verdict
from songhua.app.audit.keys import public_of, signing_key
from songhua.app.audit.registry import Expected
from songhua.model import BadInput
from songhua.model.merkle import Frontier
from songhua.store import Shelf
from songhua.store.sealed import NOTHING, Group
from songhua.store.walk import Walked, walk


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified.

    Parameters
    ----------
    home, journal
        Folders.
    witness
        A checkpoint that a witness kept, if any; its number takes the place of the home's own.
    public
        The key to believe, as the witness knows it; empty for that of the home.
    """

    home: Path
    journal: Path
    witness: bytes | None = None
    public: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """What the files alone showed, before a store is opened."""

    verdict: Verdict
    expected: Expected
    chain: Sequence[Checkpoint]
    at_rest: bool
    """Whether every byte is as sealed: then the stores need not be opened."""


def check_files(asked: Asked) -> Files:
    """Look at seal, checkpoints and journal; open no store."""
    verdict, expected = Verdict(), Expected()
    public = asked.public or _own_key(asked.home, verdict)
    at_rest = False
    try:
        sealed = seal.read_seal(asked.home, public)
    except BadInput as fault:
        verdict.fail("files", "audit/seal.json", fault.zh, fault.en)
        sealed = None
    chain = _chain(asked, public, verdict)
    name = chain[-1].tree_hash if chain else "sha256"
    walked = walk(asked.journal, tree_hash=name, seen=expected.seen())
    if sealed is not None and walked.count == sealed["records"]:
        before = len(verdict.found)
        seal.check_seal(asked.home, sealed, verdict)
        at_rest = verdict.found[before].state == "ok"
    elif sealed is not None and walked.fault is None:
        verdict.warn(
            "files",
            "封存之后平台又打开过，封存已失效；以下按内容核验",
            "The home was opened after it was sealed: its contents are verified instead",
        )
    _check_journal(walked, asked, chain, verdict)
    expected.until = walked.count
    expected.whole = walked.fault is None
    return Files(verdict, expected, chain, at_rest)


def _own_key(home: Path, verdict: Verdict) -> str:
    if not checkpoints(home) and not seal.seal_path(home).is_file():
        return ""
    try:
        public = public_of(signing_key(home))
    except BadInput as fault:
        verdict.fail("key", "audit/key.pem", fault.zh, fault.en)
        return ""
    verdict.warn(
        "key",
        f"用的是本机的公钥 {public}；要防本机作伪，请给出见证人保存的 --key 与 --checkpoint",
        f"The key is this home's own, {public}; against a forger on this machine give the "
        "witness's --key and --checkpoint",
    )
    return public


def _chain(asked: Asked, public: str, verdict: Verdict) -> list[Checkpoint]:
    """Return the checkpoints, oldest first, as far as they are genuine and follow each other."""
    found: list[Checkpoint] = []
    former = ""
    paths = checkpoints(asked.home)
    for number, path in enumerate(paths, 1):
        try:
            one = read_checkpoint(path.read_bytes())
        except BadInput:
            one = None
        if one is None or not one.is_genuine(public):
            verdict.fail(
                "key", path.name, f"{path.name} 的签名不符", f"{path.name} is not signed by the key"
            )
            return found
        if (
            one.number != number
            or path != path_of(asked.home, number)
            or one.told["former"] != former
        ):
            verdict.fail(
                "key", path.name, f"{path.name} 前有缺失", f"One is missing before {path.name}"
            )
            return found
        found.append(one)
        former = one.signature
    return _with_witness(asked, public, found, verdict)


def _with_witness(
    asked: Asked, public: str, found: list[Checkpoint], verdict: Verdict
) -> list[Checkpoint]:
    if asked.witness is not None:
        held = read_checkpoint(asked.witness)
        if not held.is_genuine(public):
            verdict.fail(
                "key", "--checkpoint", "见证的检查点签名不符", "The witness's is not signed"
            )
        elif not any(one.signature == held.signature for one in found):
            verdict.fail(
                "key",
                f"checkpoint {held.number}",
                f"本机的第 {held.number} 号检查点不是见证人保存的那一份",
                f"This home's checkpoint {held.number} is not the one that the witness holds",
            )
            found = [*found[: held.number - 1], held]
    if found:
        verdict.ok(
            "key",
            f"{len(found)} 个检查点签名有效，首尾相接，至 {found[-1].told['time'][:19]}Z",
            f"{len(found)} checkpoints are signed and follow each other, "
            f"up to {found[-1].told['time'][:19]}Z",
        )
    else:
        verdict.warn(
            "key", "没有检查点：整段重写无从发现", "No checkpoint: a rewriting goes unseen"
        )
    return found


def _check_journal(
    walked: Walked, asked: Asked, chain: Sequence[Checkpoint], verdict: Verdict
) -> None:
    if walked.fault is not None:
        seq, name, at, zh, en = walked.fault
        verdict.fail(
            "journal",
            f"{seq} ({name} @{at})",
            f"日志第 {seq} 条：{zh}（{name}，第 {at} 字节起）",
            f"Journal record {seq}: {en} ({name}, from byte {at})",
        )
    bad = _first_unlike(walked, chain)
    if bad is not None:
        _name_first(bad, walked, asked, verdict)
    elif walked.fault is None and _leaves_differ(walked, asked, chain):
        name = leaves_of(asked.home, chain[-1].tree_hash).name
        verdict.fail("files", f"audit/{name}", f"{name} 被改动", f"{name} was altered")
    elif walked.fault is None:
        covered = chain[-1].size if chain else 0
        verdict.ok(
            "journal",
            f"日志 {walked.count:,} 条相接无误，其中 {covered:,} 条有签名的检查点作证",
            f"Journal: {walked.count:,} records follow each other, {covered:,} of them attested",
        )
    if walked.left:
        verdict.warn(
            "journal",
            f"末尾有 {walked.left} 字节未完成的写入",
            f"{walked.left} bytes at the end never became a record",
        )


def _leaves_differ(walked: Walked, asked: Asked, chain: Sequence[Checkpoint]) -> bool:
    """Return whether the leaves kept beside the checkpoints are others than the journal's."""
    if not chain:
        return False
    path = leaves_of(asked.home, chain[-1].tree_hash)
    return path.is_file() and path.read_bytes() != walked.leaves[: chain[-1].size * LEAF]


def _first_unlike(walked: Walked, chain: Sequence[Checkpoint]) -> Checkpoint | None:
    """Return the first checkpoint whose tree the journal is not."""
    edge = Frontier(chain[-1].tree_hash) if chain else Frontier()
    for one in chain:
        if one.size > walked.count:
            return None if walked.fault is not None else one
        if one.tree_hash != chain[-1].tree_hash:
            continue
        edge.extend(split(bytes(walked.leaves[edge.size * LEAF : one.size * LEAF])))
        if edge.root() != one.root:
            return one
    return None


def _name_first(bad: Checkpoint, walked: Walked, asked: Asked, verdict: Verdict) -> None:
    """Name the first record that is not the one that was attested."""
    path = leaves_of(asked.home, bad.tree_hash)
    kept = path.read_bytes()[: bad.size * LEAF] if path.is_file() else b""
    edge = Frontier(bad.tree_hash)
    edge.extend(split(kept))
    if edge.size == bad.size and edge.root() == bad.root:
        pairs = zip(split(kept), split(bytes(walked.leaves)), strict=False)
        same = next((n for n, (one, other) in enumerate(pairs) if one != other), walked.count)
        verdict.fail(
            "journal",
            str(same + 1),
            f"日志第 {same + 1} 条不是第 {bad.number} 号检查点作证的那一条（链被重写）",
            f"Journal record {same + 1} is not the one that checkpoint {bad.number} attests: "
            "the chain was written anew",
        )
        return
    verdict.fail(
        "journal",
        f"1–{bad.size}",
        f"日志前 {bad.size:,} 条与第 {bad.number} 号检查点不符",
        f"The first {bad.size:,} records are not those of checkpoint {bad.number}",
    )


def check_shelf(shelf: Shelf, chain: Sequence[Checkpoint], verdict: Verdict) -> None:
    """Compare the shelf with the digests of the checkpoints."""
    for table, words in shelf.unreadable():
        verdict.fail(
            "shelf", table, f"观测库 {table} 有损坏：{words}", f"{table} is damaged: {words}"
        )
    begin = max((n for n, one in enumerate(chain) if one.is_whole), default=0)
    since, count = NOTHING, 0
    for one in chain[begin:]:
        told = {_key(group): group for group in (Group(**g) for g in one.told["shelf"]["groups"])}
        try:
            held = {_key(group): group for group in shelf.groups(since, one.cut)}
        except Exception as fault:  # noqa: BLE001 - damage speaks in many ways; each is a finding
            verdict.fail(
                "shelf", "observations", f"观测库无法读取：{fault}"[:300],
                f"The shelf cannot be read: {fault}"[:300],
            )  # fmt: skip
            return
        for key in sorted(told.keys() | held.keys()):
            if told.get(key) != held.get(key):
                _name_group(key, told.get(key), held.get(key), one, verdict)
                return
        since, count = one.cut, count + sum(group.rows for group in held.values())
    if chain and all(one.part != "shelf" for one in verdict.found):
        verdict.ok("shelf", f"观测库 {count:,} 行与检查点一致", f"{count:,} rows are as attested")


def _key(group: Group) -> tuple[str, str, int]:
    return group.table, group.period, group.month


def _name_group(
    key: tuple[str, str, int],
    told: Group | None,
    held: Group | None,
    one: Checkpoint,
    verdict: Verdict,
) -> None:
    was, now = (0 if group is None else group.rows for group in (told, held))
    where = " ".join(map(str, key))
    verdict.fail(
        "shelf",
        where,
        f"{where}：第 {one.number} 号检查点作证 {was:,} 行，现有 {now:,} 行，内容不符",
        f"{where}: checkpoint {one.number} attests {was:,} rows, now {now:,}, not the same",
    )
