"""A view of answers that is slow, stopped or away: nobody waits for it longer than they must."""

import threading
from collections.abc import Iterator, Mapping, Sequence

import pytest

from consumers.writing import answers_in_time
from consumers.writing.answers_in_time import AnswersInTime, ViewAway
from consumers.writing.recollection import Told

LIMIT_S = 30.0
ASKED = [("web", "A")]


class View:
    """A view that answers when it is let."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.closed = threading.Event()
        self.fault: Exception | None = None
        self.finds = 0

    def find(self, asked: Sequence[tuple[str, str]]) -> tuple[Mapping[tuple[str, str], Told], int]:
        self.finds += 1
        assert self.may_answer.wait(LIMIT_S)
        if self.fault is not None:
            raise self.fault
        return {asked[0]: Told(1, 1, b"")}, 7

    def close(self) -> None:
        self.closed.set()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view() -> View:
    return View()


@pytest.fixture
def in_time(view: View, clock: Clock) -> Iterator[AnswersInTime]:
    asked = AnswersInTime(view, ticks=clock)
    yield asked
    view.may_answer.set()
    asked.close()
    assert view.closed.wait(LIMIT_S)


def test_what_the_view_knows_is_passed_on(in_time: AnswersInTime) -> None:
    assert in_time.find(ASKED) == ({("web", "A"): Told(1, 1, b"")}, 7)


def test_a_database_that_hangs_is_waited_for_once_and_asked_again_when_it_goes_on(
    in_time: AnswersInTime, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_in_time, "ANSWERS_WITHIN_S", 0.05)
    view.may_answer.clear()
    for _ in range(3):
        with pytest.raises(ViewAway):
            in_time.find(ASKED)
    assert view.finds == 1
    monkeypatch.setattr(answers_in_time, "ANSWERS_WITHIN_S", LIMIT_S)
    view.may_answer.set()
    assert in_time._late is not None
    in_time._late.result(LIMIT_S)
    assert in_time.find(ASKED)[1] == 7


def test_a_database_that_is_away_is_left_alone_for_a_moment(
    in_time: AnswersInTime, view: View, clock: Clock
) -> None:
    view.fault = ConnectionError("no database")
    with pytest.raises(ConnectionError):
        in_time.find(ASKED)
    for _ in range(3):
        with pytest.raises(ViewAway):
            in_time.find(ASKED)
    assert view.finds == 1
    view.fault = None
    clock.now += answers_in_time.PAUSE_AFTER_FAULT_S
    assert in_time.find(ASKED)[1] == 7
