"""What the writer answers."""

from typing import Literal

from msgspec import Struct

from ledger.domain.events import RefusedLine, RequestAccepted, RequestRefused
from ledger.domain.words import Reason


class WriterBusy(Exception):
    """There is no room, or no answer now: nothing was taken; send the same again in a moment."""


class WriterStopped(Exception):
    """The writer has stopped; whether these requests were recorded is not known: ask again."""


class Answer(Struct, frozen=True, gc=False):
    """The one answer to a request, now and for ever.

    `position` is the place in the ledger of the request's own event, `events` how many events the
    request led to, that one included. `replayed`: the request had been answered before.
    """

    request_id: str
    outcome: Literal["accepted", "refused"]
    position: int
    events: int
    reason: Reason | None = None
    details: tuple[RefusedLine, ...] = ()
    replayed: bool = False


class Mismatch(Struct, frozen=True, gc=False):
    """The id was used before for a request of other content, answered at `position`.

    None where only the writer knows the first: it is older than what can be looked up now.
    """

    request_id: str
    position: int | None


class DecisionFailed(Struct, frozen=True, gc=False):
    """A fault of ours: this request could not be decided and nothing of it was written."""

    request_id: str


Outcome = Answer | Mismatch | DecisionFailed


def answer_of(event: RequestAccepted | RequestRefused, position: int, *, replayed: bool) -> Answer:
    """The answer that a request's own event says."""
    if isinstance(event, RequestRefused):
        said = (event.reason, event.details, replayed)
        return Answer(event.request_id, "refused", position, 1, *said)
    return Answer(event.request_id, "accepted", position, 1 + event.effects, replayed=replayed)
