"""The view of answers, asked by who cannot wait for a database that does not answer."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final

from consumers.writing.asking import AnswersView, Asked
from consumers.writing.recollection import Told

ANSWERS_WITHIN_S: Final = 1.0
PAUSE_AFTER_FAULT_S: Final = 0.5
"""A view that could not be read is not asked again before."""

Found = tuple[Mapping[Asked, Told], int]


class ViewAway(Exception):
    """The view cannot be read now."""


class AnswersInTime:
    """Another view, asked in a thread of its own: whoever asks waits ANSWERS_WITHIN_S at most.

    After a fault, or while an answer is late, it says at once that the view is away: requests do
    not queue behind a database that is down, cut off or stopped.
    """

    def __init__(self, view: AnswersView, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._view, self._ticks = view, ticks
        self._asked: SimpleQueue[tuple[Sequence[Asked], Future[Found]] | None] = SimpleQueue()
        self._late: Future[Found] | None = None
        self._again_at = ticks()
        # A daemon: the process may end while a database does not answer.
        self._thread = threading.Thread(target=self._run, name="answers-view", daemon=True)
        self._thread.start()

    def find(self, asked: Sequence[Asked]) -> Found:
        """What the view knows. Raises ViewAway, or what the view does."""
        if self._late is not None and not self._late.done():
            raise ViewAway("an answer of the view is late")
        if self._ticks() < self._again_at:
            raise ViewAway("the view could not be read a moment ago")
        answer: Future[Found] = Future()
        self._late = answer
        self._asked.put((asked, answer))
        try:
            found = answer.result(ANSWERS_WITHIN_S)
        except TimeoutError:
            raise ViewAway(f"the view did not answer within {ANSWERS_WITHIN_S:g} s") from None
        except Exception:
            self._again_at = self._ticks() + PAUSE_AFTER_FAULT_S
            raise
        return found

    def close(self) -> None:
        """Give up the connection, once the view has answered what it was asked."""
        self._asked.put(None)

    def _run(self) -> None:
        while (item := self._asked.get()) is not None:
            asked, answer = item
            try:
                answer.set_result(self._view.find(asked))
            except Exception as fault:  # noqa: BLE001 - told to who asks
                answer.set_exception(fault)
        self._view.close()
