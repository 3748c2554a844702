"""Acknowledged means kept: the journal under crashes, damage and many threads."""

import errno
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhua.model import BadInput
from songhua.store import Journal, segment
from songhua.store import journal as the_module

BODIES = st.lists(st.binary(max_size=300), min_size=1, max_size=12)
quick = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def fresh(folder: Path) -> Path:
    """Return an empty place: Hypothesis shares one fixture between examples."""
    number = len(list(folder.parent.iterdir()))
    return folder.parent / f"{folder.name}-{number}"


def filled(folder: Path, bodies: list[bytes], *, segment_bytes: int = 700) -> None:
    journal = Journal.open(folder, segment_bytes=segment_bytes)
    for body in bodies:
        journal.append("file", body, {"name": "年报.csv"})
    journal.close()


def bodies_of(journal: Journal) -> list[bytes]:
    return [journal.read(entry.seq) for entry in journal.entries()]


def positions(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in sorted(folder.glob("*.journal")):
        for offset in range(path.stat().st_size):
            yield path, offset


def test_what_goes_in_comes_out(folder: Path) -> None:
    with_meta = {"name": "小时值.csv", "mapping": "a = 1", "n": 3}
    journal = Journal.open(folder)
    entry = journal.append("file", b"1,2\r\n\xff\x00", with_meta)
    assert (entry.seq, entry.kind, entry.meta, entry.size) == (1, "file", with_meta, 7)
    assert entry.sha256 == hashlib.sha256(b"1,2\r\n\xff\x00").hexdigest()
    assert journal.read(1) == b"1,2\r\n\xff\x00"
    journal.close()
    again = Journal.open(folder)
    assert again.entry(1) == entry
    assert again.verify() is None
    again.close()


@quick
@given(bodies=BODIES, segment_bytes=st.integers(1, 2000))
def test_any_sequence_reads_back(folder: Path, bodies: list[bytes], segment_bytes: int) -> None:
    place = fresh(folder)
    filled(place, bodies, segment_bytes=segment_bytes)
    journal = Journal.open(place)
    assert bodies_of(journal) == bodies
    assert [e.seq for e in journal.entries()] == list(range(1, len(bodies) + 1))
    assert [e.seq for e in journal.entries(after=len(bodies) - 1)] == [len(bodies)]
    assert journal.verify() is None
    assert journal.torn == ()
    journal.close()


def test_rare_kinds_are_found_without_reading_full_segments(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(folder, segment_bytes=2000)
    for number in range(60):
        journal.append("file" if number % 20 == 7 else "hj212", b"%d" % number, {})
    journal.close()
    assert len(list(folder.glob("*.index"))) == len(list(folder.glob("*.journal"))) - 1
    read: list[Path] = []
    read_index = segment.read_index

    def noted(path: Path, first: int, *, check: bool) -> segment.Index:
        read.append(path)
        return read_index(path, first, check=check)

    monkeypatch.setattr(segment, "read_index", noted)
    journal = Journal.open(folder, segment_bytes=2000)
    assert [entry.seq for entry in journal.entries(kinds=["file"])] == [8, 28, 48]
    assert [entry.seq for entry in journal.entries(after=28, kinds=["file"])] == [48]
    assert list(journal.entries(kinds=["other"])) == []
    frames = [body for _, body in journal.bodies(after=50, kinds=["hj212"])]
    assert frames == [b"%d" % number for number in range(50, 60)]
    assert journal.read(1) == b"0"
    journal.close()
    assert len(read) == 1  # the last alone, which may be torn


@pytest.mark.parametrize("spoil", [b"", b"{}", b'{"format":1}\nx', None])
def test_an_index_that_does_not_fit_is_made_again(folder: Path, spoil: bytes | None) -> None:
    journal = Journal.open(folder, segment_bytes=1000)
    for number in range(20):
        journal.append("hj212", b"%d" % number, {})
    journal.close()
    first, second, *_ = sorted(folder.glob("*.index"))
    good = first.read_bytes()
    # That of another segment, or anything else.
    first.write_bytes(second.read_bytes() if spoil is None else spoil)
    journal = Journal.open(folder, segment_bytes=1000)
    assert [body for _, body in journal.bodies()] == [b"%d" % number for number in range(20)]
    assert first.read_bytes() == good
    journal.close()


def test_an_altered_body_is_left_out_of_a_reading_in_order(folder: Path) -> None:
    filled(folder, [b"one", b"the true value is 42", b"three"], segment_bytes=10)
    path = sorted(folder.glob("*.journal"))[1]
    path.write_bytes(path.read_bytes().replace(b"is 42", b"is 24"))
    journal = Journal.open(folder)
    assert [body for _, body in journal.bodies()] == [b"one", b"three"]
    journal.close()


@quick
@given(bodies=BODIES, data=st.data())
def test_a_crash_while_writing_loses_nothing_before_it(
    folder: Path, bodies: list[bytes], data: st.DataObject
) -> None:
    """The last record is cut at any byte, as a crash before its fsync leaves it."""
    place = fresh(folder)
    filled(place, bodies, segment_bytes=10_000)
    before = (place / "head").read_bytes()
    whole = next(place.glob("*.journal")).stat().st_size
    filled(place, [b"never acknowledged"], segment_bytes=10_000)
    (place / "head").write_bytes(before)
    path = next(place.glob("*.journal"))
    cut = data.draw(st.integers(whole, path.stat().st_size - 1))
    with path.open("rb+") as file:
        file.seek(whole)
        unfinished = file.read(cut - whole)
        file.truncate(cut)
    journal = Journal.open(place)
    assert bodies_of(journal) == bodies
    assert journal.faults == ()
    assert [side.read_bytes() for side in journal.torn] == ([unfinished] if unfinished else [])
    assert journal.append("file", b"after", {}).seq == len(bodies) + 1
    assert journal.verify() is None
    journal.close()


@quick
@given(bodies=BODIES, data=st.data())
def test_what_is_cut_off_later_is_missed(
    folder: Path, bodies: list[bytes], data: st.DataObject
) -> None:
    """Acknowledged records that are gone are named, and the numbers go on behind them."""
    place = fresh(folder)
    filled(place, bodies, segment_bytes=10_000)
    path = next(place.glob("*.journal"))
    cut = data.draw(st.integers(len(segment.first_line("sha256", segment.START)), _size(path) - 1))
    os.truncate(path, cut)
    journal = Journal.open(place)
    kept = bodies_of(journal)
    assert kept == bodies[: len(kept)]
    assert len(kept) < len(bodies)
    assert [fault.seq for fault in journal.faults] == list(range(len(kept) + 1, len(bodies) + 1))
    fault = journal.verify()
    assert fault is not None
    assert fault.seq == len(kept) + 1
    assert journal.append("file", b"after", {}).seq == len(bodies) + 1
    assert journal.read(len(bodies) + 1) == b"after"
    journal.close()


@quick
@given(bodies=BODIES, data=st.data())
def test_any_altered_byte_is_found(folder: Path, bodies: list[bytes], data: st.DataObject) -> None:
    place = fresh(folder)
    filled(place, bodies)
    path, offset = data.draw(st.sampled_from(list(positions(place))))
    altered = data.draw(st.integers(1, 255))
    raw = bytearray(path.read_bytes())
    raw[offset] ^= altered
    expected = _seq_at(path, offset)
    path.write_bytes(raw)
    journal = Journal.open(place)
    fault = journal.verify()
    assert fault is not None
    assert fault.seq == expected
    assert fault.segment == path.name
    others = {seq for seq in range(1, len(bodies) + 1) if seq != expected}
    found = {entry.seq for entry in journal.entries()}
    assert others <= found  # damage of one record hides no other
    for seq in others:
        assert journal.read(seq) == bodies[seq - 1]
    journal.append("file", b"after", {})
    assert journal.read(len(bodies) + 1) == b"after"
    journal.close()


@pytest.mark.slow
def test_every_byte_of_a_small_journal_counts(folder: Path) -> None:
    filled(folder, [b"", b"x"], segment_bytes=10_000)
    path = next(folder.glob("*.journal"))
    raw, head = path.read_bytes(), (folder / "head").read_bytes()
    starts = segment.read_index(path, 1, check=True).offsets
    for offset in range(len(raw)):
        path.write_bytes(raw[:offset] + bytes([raw[offset] ^ 1]) + raw[offset + 1 :])
        journal = Journal.open(folder)
        fault = journal.verify()
        assert fault is not None, offset
        assert fault.seq == (2 if offset >= starts[1] else 1), offset
        journal.close()
        for extra in folder.glob("*.journal"):
            extra.unlink()
        (folder / "head").write_bytes(head)


def _size(path: Path) -> int:
    return path.stat().st_size


def _seq_at(path: Path, offset: int) -> int:
    """Return the number of the record that a byte belongs to; of a first line, the first."""
    first = int(path.stem)
    index = segment.read_index(path, first, check=True)
    starts = [number for number, start in enumerate(index.offsets) if start <= offset]
    return first + (starts[-1] if starts else 0)


def test_an_altered_body_is_not_given_out(folder: Path) -> None:
    filled(folder, [b"one", b"the true value is 42", b"three"], segment_bytes=10_000)
    path = next(folder.glob("*.journal"))
    path.write_bytes(path.read_bytes().replace(b"is 42", b"is 24"))
    journal = Journal.open(folder)
    with pytest.raises(BadInput, match="Journal record 2 is damaged"):
        journal.read(2)
    assert [fault.seq for fault in journal.faults] == [2]
    assert journal.read(3) == b"three"
    journal.close()


def test_a_body_altered_while_open_is_not_given_out(folder: Path) -> None:
    journal = Journal.open(folder)
    journal.append("file", b"the true value is 42", {})
    path = journal.segments[0]
    path.write_bytes(path.read_bytes().replace(b"is 42", b"is 24"))
    with pytest.raises(BadInput, match="was altered"):
        journal.read(1)
    journal.close()


def test_a_record_inside_a_body_is_never_taken_for_one(folder: Path, tmp_path: Path) -> None:
    """Someone imports a journal's own segment, and the crash comes in the middle of it."""
    filled(tmp_path / "other", [b"forged"] * 5, segment_bytes=10_000)
    forged = next((tmp_path / "other").glob("*.journal")).read_bytes()
    filled(folder, [b"one", forged], segment_bytes=100_000)
    (folder / "head").unlink()
    path = next(folder.glob("*.journal"))
    os.truncate(path, _size(path) - 1)
    journal = Journal.open(folder)
    assert bodies_of(journal) == [b"one"]
    assert len(journal.torn) == 1
    journal.close()


def test_a_large_body_is_kept_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_module, "PART_BYTES", 1000)
    pieces = [bytes([number]) * number for number in range(200)]
    whole = b"".join(pieces)
    journal = Journal.open(folder, segment_bytes=5000)
    journal.append("file", b"before", {})
    entry = journal.append_stream("file", iter(pieces), {"name": "big.csv"})
    assert entry.size == len(whole)
    assert entry.sha256 == hashlib.sha256(whole).hexdigest()
    assert len(journal.segments) > 2
    assert len(entry.meta["parts"]) == -(-len(whole) // 1000)
    assert journal.read(entry.seq) == whole
    assert [e.seq for e in journal.entries()] == [1, entry.seq]
    with journal.open_body(entry.seq) as body:
        assert body.seek(-10, os.SEEK_END) == len(whole) - 10
        assert body.read() == whole[-10:]
        body.seek(5000)
        assert body.read(3000) == whole[5000:8000]
    journal.close()


def test_an_empty_stream_is_an_empty_body(folder: Path) -> None:
    journal = Journal.open(folder)
    entry = journal.append_stream("file", [], {})
    assert (entry.size, journal.read(entry.seq)) == (0, b"")
    journal.close()


def test_pieces_that_stop_half_way_leave_no_entry(folder: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * the_module.PART_BYTES
        raise ConnectionError

    journal = Journal.open(folder)
    with pytest.raises(ConnectionError):
        journal.append_stream("file", pieces(), {})
    assert list(journal.entries()) == []
    assert journal.append("file", b"next", {}).seq == 2
    assert journal.verify() is None
    journal.close()


def test_one_process_writes(folder: Path) -> None:
    journal = Journal.open(folder)
    with pytest.raises(BadInput, match="in use by another process"):
        Journal.open(folder)
    journal.close()
    journal.close()
    Journal.open(folder).close()


def test_many_threads_share_a_sync(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.open(folder, segment_bytes=20_000)
    syncs = []
    flush = the_module._flush
    monkeypatch.setattr(the_module, "_flush", lambda handle: (syncs.append(handle), flush(handle)))
    seqs: dict[str, int] = {}

    def work(name: str) -> None:
        for number in range(40):
            text = f"{name}-{number}"
            seqs[text] = journal.append("frame", text.encode(), {}).seq

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs.values()) == list(range(1, 321))
    assert all(journal.read(seq) == text.encode() for text, seq in seqs.items())
    assert len(syncs) < 320 + 2 * len(journal.segments)
    assert journal.verify() is None
    journal.close()


def test_a_full_disk_takes_nothing_and_breaks_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(folder)
    journal.append("file", b"before", {})
    file = journal._tail.file

    class Full:
        def write(self, data: memoryview) -> int:
            file.write(data[:20])
            raise OSError(28, "No space left on device")

        def fileno(self) -> int:
            return file.fileno()

    real = journal._tail
    journal._tail = real._replace(file=Full())  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="No space left"):
        journal.append("file", b"too much", {})
    journal._tail = real
    assert journal.append("file", b"after", {}).seq == 2
    assert bodies_of(journal) == [b"before", b"after"]
    assert journal.verify() is None
    journal.close()


def test_a_full_disk_at_the_end_of_a_segment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.open(folder, segment_bytes=100)
    journal.append("file", b"before", {})

    def full(_self: Path, _to: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        for _ in range(2):
            with pytest.raises(BadInput, match="No space left"):
                journal.append("file", b"too much", {})
    assert journal.append("file", b"after", {}).seq == 2
    assert len(journal.segments) == 2
    assert journal.verify() is None
    journal.close()


def test_what_is_written_meanwhile_is_no_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(folder, segment_bytes=100)
    for number in range(3):
        journal.append("file", bytes([number]), {})
    read = segment.read_first_line

    def read_and_write(file: BinaryIO) -> segment.FirstLine | None:
        journal.append("file", b"meanwhile", {})
        return read(file)

    monkeypatch.setattr(segment, "read_first_line", read_and_write)
    assert journal.verify() is None
    journal.close()


def test_after_a_failed_fsync_nothing_is_promised(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(folder)

    def failing(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(the_module, "_flush", failing)
        with pytest.raises(BadInput, match="Input/output error"):
            journal.append("file", b"lost?", {})
    with pytest.raises(BadInput, match="takes no more"):
        journal.append("file", b"next", {})
    journal.close()
    again = Journal.open(folder)
    assert again.append("file", b"after a restart", {}).seq >= 1
    again.close()


def test_sm3_and_sha256_follow_one_another(folder: Path) -> None:
    filled(folder, [b"a", b"b"])
    journal = Journal.open(folder, hash_name="sm3")
    journal.append("file", b"c", {})
    assert b"sm3" in journal.segments[-1].read_bytes()[:40]
    assert journal.verify() is None
    journal.close()
    again = Journal.open(folder)
    again.append("file", b"d", {})
    assert bodies_of(again) == [b"a", b"b", b"c", b"d"]
    assert again.verify() is None
    again.close()
    with pytest.raises(BadInput, match="md5"):
        Journal.open(folder, hash_name="md5")


def test_a_hash_that_this_machine_lacks_is_refused_before_anything_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashlib.algorithms_available", {"sha256"})
    with pytest.raises(BadInput, match="no sm3"):
        Journal.open(folder, hash_name="sm3")
    assert not list(folder.glob("*.journal"))


def test_a_removed_segment_is_missed(folder: Path) -> None:
    filled(folder, [b"x" * 300] * 9)
    sorted(folder.glob("*.journal"))[1].unlink()
    journal = Journal.open(folder)
    fault = journal.verify()
    assert fault is not None
    lost = fault.seq
    with pytest.raises(BadInput, match=f"record {lost} is damaged"):
        journal.read(lost)
    assert journal.read(9) == b"x" * 300
    journal.close()


def test_an_unknown_number_is_a_key_error(folder: Path) -> None:
    journal = Journal.open(folder)
    for seq in (0, 1, -1):
        with pytest.raises(KeyError):
            journal.entry(seq)
    with pytest.raises(BadInput, match="too long"):
        journal.append("file", b"", {"name": "x" * 2_000_000})
    journal.close()


WRITER = """
import sys, threading
from pathlib import Path
from songhua.store import Journal

journal = Journal.open(Path(sys.argv[1]), segment_bytes=50_000)

def work(name):
    number = 0
    while True:
        body = f"{name}-{number}".encode() * (1 + number % 50)
        seq = journal.append("frame", body, {"name": name}).seq
        sys.stdout.write(f"{seq} {name} {number}\\n")
        sys.stdout.flush()
        number += 1

for name in "abcd":
    threading.Thread(target=work, args=(name,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.4, 0.9])
def test_kill_9_loses_nothing_acknowledged(folder: Path, seconds: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline()]
        timer = threading.Timer(seconds, writer.send_signal, [signal.SIGKILL])
        timer.start()
        said += writer.stdout.readlines()
        timer.join()
    acknowledged = [line.split() for line in said if re.fullmatch(r"\d+ [a-d] \d+\n", line)]
    assert acknowledged
    journal = Journal.open(folder)
    assert journal.faults == ()
    for seq, name, number in acknowledged:
        body = f"{name}-{number}".encode() * (1 + int(number) % 50)
        assert journal.read(int(seq)) == body
    assert journal.verify() is None
    assert journal.append("frame", b"next", {}).seq == journal.last_seq
    journal.close()


def test_a_torn_end_on_a_full_disk_does_not_keep_it_from_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "journal"
    with closing(Journal.open(folder)) as journal:
        for number in range(3):
            journal.append("file", b"x" * number, {})
    last = max(folder.glob("*.journal"))
    whole = last.read_bytes()
    last.write_bytes(whole + b"half a record")
    flush = the_module._flush

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(the_module, "_flush", full)
    with closing(Journal.open(folder)) as journal:
        assert journal.last_seq == 3
        assert journal.read(3) == b"xx"
        with pytest.raises(BadInput, match="No space left"):
            journal.append("file", b"new", {})
        assert last.read_bytes() == whole + b"half a record"  # nothing is cut before it is kept
        monkeypatch.setattr(the_module, "_flush", flush)
        assert journal.append("file", b"new", {}).seq == 4
        assert [path.read_bytes() for path in journal.torn] == [b"half a record"]
        assert journal.verify() is None
    with closing(Journal.open(folder)) as journal:
        assert [entry.seq for entry in journal.entries()] == [1, 2, 3, 4]
