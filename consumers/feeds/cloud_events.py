"""An event of the ledger as a CloudEvents 1.0 record: structured mode, JSON. Pure.

    {"specversion": "1.0", "id": "4711", "source": "/onebook/main", "type": "onebook.stock_sold.v1",
     "subject": "stock/store-7/MUG", "time": "2026-03-01T12:00:00.25Z",
     "datacontenttype": "application/json", "onebookposition": "4711", "onebookversion": 4,
     "onebookchannel": "till", "onebookrequestid": "t-1", "occurredat": "2026-03-01T11:59:58Z",
     "data": {…}}

A number of CloudEvents has 32 bits, so a position is a text. What an event does not say (only
other applications' events do not) is left out.
"""

from binascii import b2a_base64
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from ledger.recorded import Recorded

CONTENT_TYPE: Final = ("content-type", b"application/cloudevents+json; charset=UTF-8")
TYPE_PREFIX: Final = "onebook."
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"


class CloudEvent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The record's value, in the order in which it is written."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    onebookposition: str
    onebookversion: int
    onebookchannel: str | msgspec.UnsetType = msgspec.UNSET
    onebookrequestid: str | msgspec.UnsetType = msgspec.UNSET
    occurredat: datetime | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data_base64: str | msgspec.UnsetType = msgspec.UNSET


_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Said(msgspec.Struct, gc=False):
    """What every event of Onebook says of itself, whatever its type."""

    channel: str | msgspec.UnsetType = msgspec.UNSET
    request_id: str | msgspec.UnsetType = msgspec.UNSET
    occurred_at: _Time | msgspec.UnsetType = msgspec.UNSET
    recorded_at: _Time | msgspec.UnsetType = msgspec.UNSET


_said: Final = msgspec.json.Decoder(_Said).decode
_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = _Said()


def source_of(network: str) -> str:
    """Whose events they are; with it, an id names one event for ever."""
    return f"/onebook/{network}"


def as_cloud_event(
    network: str, position: int, event: Recorded, recorded_at: datetime
) -> CloudEvent:
    """The event at this position; `recorded_at` is its block's, for one that does not say it."""
    said = _heard(event.state)
    own = said or _NOTHING
    return CloudEvent(
        "1.0",
        str(position),
        source_of(network),
        f"{TYPE_PREFIX}{event.topic}",
        event.stream,
        (own.recorded_at or recorded_at).astimezone(UTC),
        BYTES if said is None else JSON,
        str(position),
        event.version,
        own.channel or msgspec.UNSET,
        own.request_id or msgspec.UNSET,
        own.occurred_at.astimezone(UTC) if own.occurred_at else msgspec.UNSET,
        msgspec.UNSET if said is None else msgspec.Raw(event.state),
        b2a_base64(event.state, newline=False).decode() if said is None else msgspec.UNSET,
    )


def value_of(event: CloudEvent) -> bytes:
    """The record's value."""
    return _encode(event)


def _heard(state: bytes) -> _Said | None:
    """What the event says of itself; None if it is no JSON object that says these things so."""
    try:
        if not state.isascii():
            state.decode()
        return _said(state)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
