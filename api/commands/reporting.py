"""`onebook report`: what people expect to be told, read over HTTP, as a table, JSON or CSV."""

import sys
from typing import Annotated, Any, Final

import httpx
import typer

from api.commands import existing
from api.commands.reading import reply
from api.commands.serving import connected
from api.commands.terminal import (
    DataOption,
    Failure,
    JsonOption,
    LimitOption,
    out,
    print_json,
    say,
    table,
)
from api.pages.reports import BASIS_POINTS, MINOR, cell, heading
from projections.reports import REPORTS
from projections.reports.report import Report

_NAMES: Final = ", ".join(REPORTS)
_Text = str | None


def report(  # noqa: PLR0913  (its options)
    *,
    name: Annotated[_Text, typer.Argument(help=f"{_NAMES}; without it, what each says.")] = None,
    at: Annotated[_Text, typer.Option(help="Of stock: a day or a time; default: now.")] = None,
    first: Annotated[_Text, typer.Option("--from", metavar="YYYY-MM-DD", help="First day.")] = None,
    last: Annotated[_Text, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day.")] = None,
    by: Annotated[_Text, typer.Option(help="How rows are put together: sku, location, …")] = None,
    method: Annotated[_Text, typer.Option(help="Of stock: fifo or average.")] = None,
    bands: Annotated[_Text, typer.Option(help="Of ageing: where bands begin: 30,60,90.")] = None,
    kind: Annotated[_Text, typer.Option(help="Of shortages: oversold or shortage.")] = None,
    location: Annotated[_Text, typer.Option(help="At one location only.")] = None,
    sku: Annotated[_Text, typer.Option(help="Of one sku only.")] = None,
    channel: Annotated[_Text, typer.Option(help="Of one channel only.")] = None,
    currency: Annotated[_Text, typer.Option(help="Of one currency only.")] = None,
    customer: Annotated[_Text, typer.Option(help="Of one person only.")] = None,
    limit: LimitOption = 20,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all rows as CSV.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a report: stock valuation, sales, fill rate and others; without a name, a list.

    Example: onebook report sales --from 2011-08-01 --by channel
    """
    if as_csv and as_json:
        raise Failure("--csv and --json are two ways of printing: choose one")
    if name is not None and name not in REPORTS:
        raise Failure(f"there is no report {name!r}; there are: {_NAMES}")
    asked = {
        "at": at, "from": first, "to": last, "by": by, "method": method, "bands": bands,
        "kind": kind, "location": location, "sku": sku, "channel": channel,
        "currency": currency, "customer": customer,
    }  # fmt: skip
    with connected(existing.load(data=data)) as client:
        if name is None:
            _list(client, as_json=as_json)
        elif as_csv:
            _csv(client, name, asked)
        else:
            page = reply(client, f"/v1/reports/{name}", {**asked, "limit": limit})
            print_json(page) if as_json else _show(REPORTS[name], page)


def _list(client: httpx.Client, *, as_json: bool) -> None:
    page = reply(client, "/v1/reports")
    if as_json:
        print_json(page)
        return
    shown = table(None, "report", "by", "says")
    for item in page["items"]:
        shown.add_row(item["name"], ", ".join(item["by"]), item["definition"])
    out.print(shown)


def _csv(client: httpx.Client, name: str, asked: dict[str, Any]) -> None:
    """All rows on standard output, as they come. Raises Failure with what the problem says."""
    given = {key: value for key, value in asked.items() if value is not None} | {"format": "csv"}
    try:
        with client.stream("GET", f"/v1/reports/{name}", params=given) as answer:
            if answer.status_code != 200:
                answer.read()
                body = answer.json()
                raise Failure(f"{body['title']}: {body['detail']}")
            for chunk in answer.iter_bytes():
                sys.stdout.buffer.write(chunk)
    except httpx.HTTPError as error:
        raise Failure(f"{client.base_url} does not answer: {error}") from error
    sys.stdout.buffer.flush()


def _show(report: Report, page: Any) -> None:
    """A page of rows; a column that says nothing in any of them is left out."""
    rows = page["items"]
    if not rows:
        say("Nothing, as asked.")
        return
    names = [c.name for c in report.columns if any(row[c.name] is not None for row in rows)]
    numbers = tuple(c.name for c in report.columns if c.sql_type in {"bigint", "numeric"})
    shown = table(report.title, *map(heading, names), numbers=tuple(map(heading, numbers)))
    for row in rows:
        shown.add_row(*(_cell(name, row[name]) for name in names))
    out.print(shown)
    if page["next"] is not None:
        say("There is more: a higher --limit, or --csv for all of it")


def _cell(name: str, value: Any) -> str:
    if name.endswith("_at") and value is not None:
        return str(value)[:16].replace("T", " ")
    if isinstance(value, int) and not name.endswith((MINOR, BASIS_POINTS)):
        return f"{value:,}"
    return cell(name, value)
