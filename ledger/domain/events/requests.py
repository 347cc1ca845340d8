"""How a request was answered, and input that was no request."""

from typing import Literal

from ledger.domain.events.base import Event
from ledger.domain.requests import Part
from ledger.domain.words import Reason, part


class RefusedLine(Part, frozen=True):
    """What a refusal hits, with the numbers that let a channel offer what is there."""

    line_id: str | None = None
    sku: str | None = None
    location: str | None = None
    order_id: str | None = None
    asked: int | None = None
    available: int | None = None
    transfer_id: str | None = None
    return_id: str | None = None


class _RequestEvent(Event, frozen=True):
    @property
    def stream(self) -> str:
        return f"request/{self.channel}/{part(self.request_id)}"


class RequestAccepted(_RequestEvent, frozen=True):
    """A request was accepted; its effects are the next `effects` events."""

    kind: str
    fingerprint: str
    effects: int
    actor: str | None = None
    reason: str | None = None
    reference: str | None = None


class RequestRefused(_RequestEvent, frozen=True):
    """A claim was refused, for ever: asked again, it gets the same answer."""

    kind: str
    fingerprint: str
    reason: Reason
    details: tuple[RefusedLine, ...]
    actor: str | None = None
    reference: str | None = None


InputReason = Literal["unreadable", "malformed", "idempotency_mismatch", "undecidable"]


class InputRefused(Event, frozen=True):
    """A record of a channel's topic, or one item of it, is no request that can be decided.

    Its bytes are kept among the dead letters. `index` is the item's place in the record, -1 for
    the whole; request_id is empty where none could be read.
    """

    topic: str
    offset: int
    index: int
    sha256: str
    reason: InputReason
    detail: str

    @property
    def stream(self) -> str:
        return input_stream(self.topic, self.offset, self.index)


def input_stream(topic: str, offset: int, index: int) -> str:
    """The stream of what became of one item of input."""
    return f"input/{topic}/{offset}/{index}"
