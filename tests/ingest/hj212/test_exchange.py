"""Requests and their answers. Expected: HJ 212—2017, 6.2 and 表1, 表6, 表7; times of 表1."""

import pytest

from songhua.ingest.hj212 import Decoder, Frame, encode
from songhua.ingest.hj212.exchange import Exchange, Outcome, Step
from songhua.standards.hj212 import link_times

MN, QN = "010000A8900016F000169DC0", "20160801085857223"


def heard(cn: str, qn: str = QN, **cp: str) -> Frame:
    fields = {"QN": qn, "ST": "91", "CN": cn, "PW": "100000", "MN": MN, "Flag": "4"}
    (frame,) = Decoder().feed(encode(fields, [cp] if cp else []))
    assert isinstance(frame, Frame)
    return frame


def exchange(cn: str = "1062") -> Exchange:
    return Exchange.of(cn, QN, b"frame")


def test_the_times_are_those_of_a_mobile_link() -> None:
    one = exchange()
    assert (one.timeout_s, one.retries) == (10, 3)
    assert link_times()[0].medium.startswith("GPRS")


def test_a_setting_is_answered_and_done() -> None:
    one = exchange()
    assert one.begin(100.0) == b"frame"
    assert one.deadline == 110.0
    assert one.heard(heard("9011", QnRtn="1"), 101.0) is Step.ANSWERED
    assert (one.outcome, one.deadline) == (None, 111.0)
    assert one.heard(heard("9012", ExeRtn="1"), 102.0) is Step.RESULT
    assert (one.outcome, one.code) == (Outcome.DONE, 1)
    assert one.heard(heard("9012", ExeRtn="1"), 103.0) is None


def test_data_come_between_and_each_gives_more_time() -> None:
    one = exchange("2061")
    one.begin(0.0)
    one.heard(heard("9011", QnRtn="1"), 1.0)
    for number in range(5):  # each data packet of a history has its own QN
        at = 9.0 * (number + 1)
        data = heard("2061", f"2016080108590000{number}", DataTime="20160801080000")
        assert one.heard(data, at) is Step.DATA
        assert one.deadline == at + 10
    assert one.heard(heard("9012", ExeRtn="1"), 50.0) is Step.RESULT
    assert (one.outcome, one.data) == (Outcome.DONE, 5)


@pytest.mark.parametrize("code", ["2", "3", "9", "100", "", "x"])
def test_a_refusal_is_the_end(code: str) -> None:
    one = exchange()
    one.begin(0.0)
    assert one.heard(heard("9011", QnRtn=code), 1.0) is Step.ANSWERED
    assert one.outcome is Outcome.REFUSED
    assert one.late(99.0) is None


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("1", Outcome.DONE), ("2", Outcome.FAILED), ("5", Outcome.FAILED), ("100", Outcome.NOTHING)],
)
def test_the_result_is_as_told(code: str, outcome: Outcome) -> None:
    one = exchange("2061")
    one.begin(0.0)
    assert one.heard(heard("9012", ExeRtn=code), 1.0) is Step.RESULT  # some skip the 9011
    assert one.outcome is outcome


def test_what_is_not_answered_is_sent_again_three_times_and_then_the_link_is_broken() -> None:
    one = exchange()
    one.begin(0.0)
    for now in (10.0, 20.0, 30.0):
        assert one.late(now) == b"frame"
        assert one.deadline == now + 10
    assert one.late(40.0) is None
    assert (one.outcome, one.sent) == (Outcome.SILENT, 4)


def test_what_was_answered_and_not_done_is_not_sent_again() -> None:
    one = exchange("2061")
    one.begin(0.0)
    one.heard(heard("9011", QnRtn="1"), 1.0)
    assert one.late(11.0) is None
    assert (one.outcome, one.sent) == (Outcome.BROKEN, 1)


def test_a_notice_wants_its_9013_alone() -> None:
    one = exchange("2012")
    one.begin(0.0)
    assert one.heard(heard("2012"), 1.0) is None
    assert one.heard(heard("9013", "20160801085857999"), 1.0) is None
    assert one.heard(heard("9013"), 1.0) is Step.NOTED
    assert one.outcome is Outcome.DONE


def test_answers_to_another_request_are_none_of_ours() -> None:
    one = exchange()
    one.begin(0.0)
    assert one.heard(heard("9011", "20160801085857999", QnRtn="2"), 1.0) is None
    assert one.heard(heard("2011", DataTime="20160801080000"), 1.0) is None
    assert one.outcome is None


def test_what_comes_anyway_is_no_answer() -> None:
    one = exchange("2061")
    one.begin(0.0)
    assert one.heard(heard("2061", "20160801090000000", DataTime="20160801080000"), 1.0) is None
    assert one.heard(heard("2061", DataTime="20160801080000"), 1.0) is Step.DATA


def test_a_stream_is_begun_with_its_first_data() -> None:
    one = exchange("2011")
    one.begin(0.0)
    one.heard(heard("9011", QnRtn="1"), 1.0)
    assert one.outcome is None
    one.heard(heard("2011", "20160801090000000", DataTime="20160801090000"), 2.0)
    assert one.outcome is Outcome.DONE


def test_no_exchange_lasts_for_ever() -> None:
    one = exchange("2061")
    one.begin(0.0)
    one.heard(heard("9011", QnRtn="1"), 1.0)
    for now in range(2, 700, 5):
        one.heard(heard("2061", "20160801090000000", DataTime="20160801080000"), float(now))
    assert one.deadline == 600.0
    assert one.late(600.0) is None
    assert one.outcome is Outcome.BROKEN
