"""What may be asked of reports in an address: a model of parameters for each of them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import Field, create_model

from api.parameters import ReadList
from api.problems import BAD_PARAMETER, Problem
from api.times import Day, read_day, read_time
from projections.reports.reads import moment_of
from projections.reports.report import FILTERS, Asked, Report, Takes
from projections.reports.shortages import EpisodeKind
from projections.reports.stock import BANDS, MAX_AGE_DAYS, MAX_BANDS, Method

MAX_TEXT: Final = 128
MAX_MOMENT: Final = 64

_Text = Annotated[str | None, Field(max_length=MAX_TEXT)]
_PARAMETERS: Final[dict[Takes, tuple[str, Any, str]]] = {
    "at": (
        "at",
        Annotated[str | None, Field(max_length=MAX_MOMENT)],
        "The moment: a time (RFC 3339, with its offset), or the end in UTC of a day; default now.",
    ),
    "bands": (
        "bands",
        Annotated[str | None, Field(max_length=MAX_TEXT)],
        f"Where bands of age begin, in rising days; default {','.join(map(str, BANDS))}.",
    ),
    "from": ("first", Day, "Its first day (YYYY-MM-DD); without it, since the beginning."),
    "to": ("last", Day, "Its last day (YYYY-MM-DD); without it, until now."),
    "method": ("method", Method, "fifo: first in, first out; average: moving average."),
    "kind": ("kind", EpisodeKind | None, "Episodes of this kind only."),
    "channel": ("channel", _Text, "Of this channel only."),
    "currency": ("currency", _Text, "Of this currency only."),
    "customer": ("customer", _Text, "Of this person only: the id that stands for them."),
    "location": ("location", _Text, "At this location only."),
    "sku": ("sku", _Text, "Of this sku only."),
}


class ReportQuery(ReadList):
    """The parameters of every report."""

    format: Annotated[
        Literal["json", "csv"] | None,
        Field(description="csv: all rows at once, as `Accept: text/csv` says too."),
    ] = None


def model_of(report: Report) -> type[ReportQuery]:
    """The parameters of a report, as its `takes` says; others are an error."""
    fields: dict[str, Any] = {}
    for name in report.takes:
        if name == "by":
            said = "How rows are put together."
            ways = Literal[tuple(report.by)]  # type: ignore[valid-type]  # its own ways
            fields["by"] = (Annotated[ways, Field(description=said)], report.default_by)
            continue
        field, annotation, description = _PARAMETERS[name]
        default = "fifo" if name == "method" else None
        fields[field] = (
            Annotated[annotation, Field(description=description, alias=name)],
            default,
        )
    title = "".join(word.title() for word in report.name.split("-"))
    return create_model(
        f"{title}Query", __base__=ReportQuery, __doc__="What is asked of it.", **fields
    )


def asked_of(report: Report, query: ReportQuery) -> Asked:
    """What a query asks. Raises Problem (422) for what cannot be asked."""
    given = query.model_dump()
    first, last = given.get("first"), given.get("last")
    if first is not None and last is not None and first > last:
        raise _wrong("from", f"{first} is after to={last}: give the earlier day first")
    return Asked(
        at=_moment(given.get("at"), query.after) if "at" in report.takes else None,
        first=first,
        last=last,
        by=given.get("by") or report.default_by,
        method=given.get("method") or "fifo",
        bands=_bands(given.get("bands")),
        filters={name: given[name] for name in FILTERS if given.get(name) is not None},
    )


def _moment(given: str | None, after: str | None) -> datetime:
    """The moment that is given; else that of the page before, or now."""
    now = datetime.now(UTC)
    if given is None:
        return now if after is None else moment_of(after) or now
    moment = _read(given)
    if moment > _end_of(now.date()):
        raise _wrong("at", f"{given} is in the future: ask for a moment up to today, {now.date()}")
    return moment


def _read(given: str) -> datetime:
    try:
        day = read_day(given)
        return read_time(given) if day is None else _end_of(day)
    except (ValueError, OverflowError):
        why = (
            f"{given!r} is neither a day, such as 2026-03-20, nor a time with its offset, such as "
            "2026-03-20T10:03:00Z (write + as %2B in an address)"
        )
        raise _wrong("at", why) from None


def _end_of(day: date) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(days=1) - timedelta(microseconds=1)


def _bands(given: str | None) -> tuple[int, ...]:
    if given is None:
        return BANDS
    parts = given.split(",")
    whole = all(part.isascii() and part.isdecimal() and len(part) <= 5 for part in parts)
    days = [int(part) for part in parts] if whole else []
    rising = all(before < after for before, after in pairwise(days))
    if not days or not rising or days[0] < 1 or days[-1] > MAX_AGE_DAYS or len(days) > MAX_BANDS:
        why = (
            f"{given[:40]!r} does not say where bands begin: give 1 to {MAX_BANDS} rising whole "
            f"days from 1 to {MAX_AGE_DAYS}, such as 30,60,90"
        )
        raise _wrong("bands", why)
    return tuple(days)


def _wrong(parameter: str, why: str) -> Problem:
    return Problem(BAD_PARAMETER, f"query parameter {parameter!r}: {why}", parameter=parameter)
