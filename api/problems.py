"""Errors as RFC 9457 problem details: what happened, to which id, what to do next.

`type` is `/problems/{name}`, a page of this server that explains it; the names never change.
`definite` is true when the same request will get this answer again, and false when nothing is
known to be decided: send it again, with the same request_id.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from ledger.log import get_logger
from projections.paging import BadToken
from projections.past.subject_reads import TooManyEvents

log = get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1


class Kind(msgspec.Struct, frozen=True):
    """One sort of problem: its name in `type`, its status, and what its page says."""

    name: str
    status: int
    title: str
    explanation: str
    definite: bool = True

    @property
    def type(self) -> str:
        """The stable URI reference of this kind."""
        return f"/problems/{self.name}"


REFUSED = Kind(
    "refused",
    409,
    "The claim was refused",
    "A claim asked for what the books cannot promise. `reason` says why and `details` names every "
    "line it hits, with the numbers, so that you can offer what is there. The refusal is in the "
    "ledger: the same request_id gets it again for ever. Ask for something else under a new one.",
)
MALFORMED = Kind(
    "malformed",
    422,
    "The request is malformed",
    "The body is not a request that Onebook knows: `detail` says what is wrong and `path` where. "
    "Nothing was recorded. Mend it and send it again; its request_id is still free.",
)
IDEMPOTENCY_MISMATCH = Kind(
    "idempotency_mismatch",
    422,
    "This request_id was used for another request",
    "The channel has sent this request_id before, with other content. The first one stands and "
    "nothing was recorded now. Send new content under a new request_id.",
)
BUSY = Kind(
    "busy",
    503,
    "Too much is waiting to be decided",
    "The writer's queue is full, or the request could not be handed to it. Send it again, with the "
    "same request_id, after `Retry-After` seconds: it counts once.",
    definite=False,
)
UNDECIDED = Kind(
    "undecided",
    503,
    "Not known to be decided",
    "The answer did not come in time, or the server is stopping, and the request is not known to "
    "be kept: it may still be decided, or be lost. Send it again with the same request_id: it "
    "counts once. `Location` shows its answer when there is one.",
    definite=False,
)
TOO_LARGE = Kind(
    "too_large",
    413,
    "The body is too large",
    "One request has at most 4 MiB and 10,000 lines; a batch (a JSON array or NDJSON) has at most "
    "16 MiB. Send a large batch as several.",
)
BODY_TIMEOUT = Kind(
    "body_timeout",
    408,
    "The body did not arrive in time",
    "A body has 60 s to arrive whole. Nothing of it was recorded. Send it again, a large batch as "
    "several.",
    definite=False,
)
TOO_MANY_BODIES = Kind(
    "too_many_bodies",
    503,
    "Too many bodies are arriving",
    "The bodies that are under way to this server have 128 MiB together, which is all it holds. "
    "Nothing of this one was recorded. Send it again after `Retry-After` seconds.",
    definite=False,
)
HEADERS_TOO_LARGE = Kind(
    "headers_too_large",
    431,
    "The headers are too large",
    "The address and headers of a request have at most 64 KiB together. Nothing was recorded. Send "
    "it without the headers that Onebook does not need.",
)
MEDIA_TYPE_UNKNOWN = Kind(
    "unsupported_media_type",
    415,
    "The content type is not one that is read here",
    "Send one request or a JSON array as `application/json`, or one request a line as "
    "`application/x-ndjson`.",
)
BAD_PARAMETER = Kind(
    "bad_parameter",
    422,
    "A parameter is unknown or wrong",
    "A query parameter or header is not known here, or its value is not of its kind. Nothing is "
    "ignored silently: `detail` names it.",
)
TOO_MANY_EVENTS = Kind(
    "too_many_events",
    422,
    "Too much is to be folded for one answer",
    "An order, a customer or a product as of then is folded from its events, at most 20,000 of "
    "them and 16 MiB. This one follows from more. Ask for it without `as_of`, which costs no fold; "
    "for a page of a list with a smaller `limit`; for the events themselves, which are paged.",
)
NOT_FOUND = Kind(
    "not_found",
    404,
    "There is no such thing",
    "The address, or the id in it, is not known at the position that `Onebook-Position` names. "
    "Percent-encode `/` and `%` in ids. The answer to a request that was kept (202) stands at its "
    "`Location` once it is decided: until then this 404 says `definite: false` and `Retry-After`.",
)
METHOD_NOT_ALLOWED = Kind(
    "method_not_allowed",
    405,
    "This address does not take that method",
    "Reads are GET, writes are POST to /v1/requests. `Allow` names what this address takes.",
)
NOT_YET_VISIBLE = Kind(
    "not_yet_visible",
    503,
    "The view is not there yet",
    "`min_position` asked for a position that this view has not reached within 10 s; `head` is the "
    "last of the ledger that is known here. Ask again after `Retry-After` seconds.",
    definite=False,
)
VIEW_STOPPED = Kind(
    "view_stopped",
    503,
    "The view has stopped",
    "`min_position` asked for a position that this view will not reach: it cannot take in an event "
    "of the ledger, which `detail` names. Other views go on, and a read without `min_position` "
    "shows this one as it is, with `Onebook-Stopped`. It is tried again when its projector starts.",
    definite=False,
)
VIEW_AFRESH = Kind(
    "view_afresh",
    503,
    "The view is being folded afresh",
    "Another release made the rows of this view, and a copy for this release is being folded "
    "beside them: `detail` says how far it is. What it will show at `min_position` is not there "
    "yet, or the old rows are of another shape and not read at all. Other views are read "
    "meanwhile. Ask again after `Retry-After` seconds.",
    definite=False,
)
REBUILD_RUNS = Kind(
    "rebuild_runs",
    409,
    "A rebuild is under way",
    "One rebuild of views runs at a time. GET /v1/projections shows how far it is; ask again when "
    "it has ended.",
    definite=False,
)
VIEWS_AWAY = Kind(
    "views_away",
    503,
    "The views cannot be read now",
    "PostgreSQL does not answer this server, and what is read stands there. With the ledger in "
    "Kafka requests are taken and decided meanwhile, and the views catch up by themselves. Ask "
    "again after `Retry-After` seconds.",
    definite=False,
)
TOO_MANY_STREAMS = Kind(
    "too_many_streams",
    503,
    "Too many event streams are open",
    "This server serves a bounded number of event streams at once. Try again later, or page "
    "through /v1/events.",
    definite=False,
)
TOOK_TOO_LONG = Kind(
    "took_too_long",
    503,
    "The database did not answer in time",
    "A read is given up after 30 s. Ask for less: for one sku or location, a shorter period, or a "
    "coarser way of putting rows together. Or ask the same SQL view or function in a session of "
    "your own. When the database is busy the same question may be answered later.",
    definite=False,
)
NOT_READY = Kind(
    "not_ready",
    503,
    "Not ready",
    "The database does not answer, or the writer or the projector has stopped. The server's log "
    "says why.",
    definite=False,
)
INTERNAL_ERROR = Kind(
    "internal_error",
    500,
    "Something failed here",
    "A fault of the server, written to its log. Whether a request was recorded is not known: send "
    "it again with the same request_id, it counts once.",
    definite=False,
)

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in list(globals().values()) if isinstance(kind, Kind)
}


class Problem(Exception):
    """Ends the handling of an HTTP request with this problem."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members
        if kind.status == 503:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER_S))

    def body(self) -> dict[str, object]:
        """The members of the problem, the standard ones first."""
        kind = self.kind
        return {
            "type": kind.type,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "definite": kind.definite,
            **{name: value for name, value in self.members.items() if value is not None},
        }

    def response(self) -> Response:
        """The problem as an HTTP response."""
        return Response(
            msgspec.json.encode(self.body()),
            status_code=self.kind.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem; a fault of ours tells nothing of our insides."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(BadToken, _bad_token)
    app.add_exception_handler(TooManyEvents, _too_many_events)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _fault)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path}"
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        problem = Problem(METHOD_NOT_ALLOWED, f"{where}: use {allow}", headers=error.headers)
    elif error.status_code == 413:
        problem = Problem(TOO_LARGE, f"{where}: the body is too large")
    else:
        problem = Problem(NOT_FOUND, f"{where}: nothing is served at this address")
    return problem.response()


async def _bad_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    where, name = first["loc"][0], first["loc"][-1]
    why = str(first["msg"]).removeprefix("Value error, ")
    detail = f"{where} parameter {name!r}: {why}"
    return Problem(BAD_PARAMETER, detail, parameter=str(name)).response()


async def _bad_token(_: Request, error: Exception) -> Response:
    return Problem(BAD_PARAMETER, f"query parameter {error}", parameter="after").response()


async def _too_many_events(request: Request, error: Exception) -> Response:
    return Problem(TOO_MANY_EVENTS, f"{request.url.path} as of then: {error}").response()


async def _fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, error=repr(error))
    return Problem(INTERNAL_ERROR, "the server's log says what failed").response()


async def _client_gone(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it
