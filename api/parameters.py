"""What callers may add to an address: headers and query parameters, none ignored silently."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from api.answers import DEFAULT_WAIT_S, MAX_WAIT_S
from api.problems import BAD_PARAMETER, Problem
from ledger.door import Malformed, channel_id
from projections.paging import MAX_PAGE, MAX_TOKEN_LENGTH

CHANNEL_HEADER: Final = "Onebook-Channel"
DEFAULT_CHANNEL: Final = "default"


class Read(BaseModel):
    """The parameters of every read."""

    model_config = ConfigDict(extra="forbid")

    min_position: Annotated[
        int | None,
        Field(ge=0, le=2**53, description="Wait until the view shows at least this position."),
    ] = None


class ReadList(Read):
    """The parameters of every list."""

    after: Annotated[
        str | None,
        Field(max_length=MAX_TOKEN_LENGTH, description="`next` of the page before."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Items a page.")] = 100


class NoParameters(BaseModel):
    """An address that takes no parameters."""

    model_config = ConfigDict(extra="forbid")


def sending_channel(request: Request) -> str:
    """The channel that sends, by the header Onebook-Channel. Raises Problem (422)."""
    named = request.headers.get(CHANNEL_HEADER, DEFAULT_CHANNEL)
    try:
        return channel_id(named)
    except Malformed as error:
        raise Problem(
            BAD_PARAMETER, f"header {CHANNEL_HEADER}: {error.detail}", parameter=CHANNEL_HEADER
        ) from None


def wait_s(request: Request) -> int:
    """How long the caller waits for a decision: `Prefer: wait=N` (RFC 7240), at most MAX_WAIT_S.

    A preference that is not understood does not count, as that RFC says.
    """
    for preference in request.headers.get("prefer", "").split(","):
        name, _, value = preference.partition("=")
        if name.strip().lower() == "wait" and value.strip().isdecimal():
            return min(int(value.strip()[:9]), MAX_WAIT_S)
    return DEFAULT_WAIT_S
