"""Answers that stand in the ledger: one of them, and those remembered until a view shows them."""

from collections import deque
from typing import Final

from msgspec import Struct

from consumers.snapshot.request_index import FINGERPRINT_BYTES, Key
from consumers.writing.answers import Answer, Mismatch
from ledger.domain.events import RefusedLine, RequestAccepted, RequestRefused
from ledger.domain.requests import AnyRequest
from ledger.domain.words import Reason
from ledger.fingerprint import fingerprint

MAX_REMEMBERED: Final = 1_000_000
"""Some 300 bytes each."""
ALWAYS_REMEMBERED: Final = 20_000
"""The last answers, also those that the view shows: it may be away when they are asked again."""


class Told(Struct, frozen=True, gc=False):
    """What a request was told, and the beginning of the fingerprint of its content."""

    position: int
    events: int
    content: bytes
    reason: Reason | None = None
    details: tuple[RefusedLine, ...] = ()

    def to(self, request: AnyRequest, *, replayed: bool) -> Answer | Mismatch:
        """The answer to a request of that channel and id."""
        if content_of(fingerprint(request)) != self.content:
            return Mismatch(request.request_id, self.position)
        outcome = (request.request_id, "accepted" if self.reason is None else "refused")
        said = (self.position, self.events, self.reason, self.details, replayed)
        return Answer(*outcome, *said)  # type: ignore[arg-type] # the outcome is one of its two


def content_of(whole: str) -> bytes:
    """The beginning of a fingerprint, as the request index keeps it too."""
    return bytes.fromhex(whole[: 2 * FINGERPRINT_BYTES])


def told_by(event: RequestAccepted | RequestRefused, position: int) -> Told:
    """What a request's own event says."""
    content = content_of(event.fingerprint)
    if isinstance(event, RequestRefused):
        return Told(position, 1, content, event.reason, event.details)
    return Told(position, 1 + event.effects, content)


class Recollection:
    """Answers by request, those of the last so many requests at most. For one thread at a time.

    `forgotten` is a position: of requests answered after it every answer is here, as far as the
    ledger was read; of requests up to it some are not.
    """

    def __init__(
        self, forgotten: int, limit: int = MAX_REMEMBERED, always: int = ALWAYS_REMEMBERED
    ) -> None:
        self.forgotten = forgotten
        self._limit, self._always = limit, always
        self._told: dict[Key, Told] = {}
        self._order: deque[Key] = deque()

    def __len__(self) -> int:
        return len(self._told)

    def get(self, key: Key) -> Told | None:
        """What a request was told, None if that is not known here."""
        return self._told.get(key)

    def add(self, key: Key, told: Told) -> None:
        """Remember an answer; they come in the order of their positions."""
        if len(self._told) >= self._limit:
            self._forget_oldest()
        self._told[key] = told
        self._order.append(key)

    def forget_until(self, position: int) -> None:
        """Let go of the answers up to a position, but for the last ones."""
        while len(self._order) > self._always and self._told[self._order[0]].position <= position:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self.forgotten = self._told.pop(self._order.popleft()).position
