"""`onebook demo`: three weeks of a real retailer and one scripted day, then a server to look at."""

import contextlib
import logging
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from api import settings as configured
from api.backend import of_node
from api.commands import demo_day, importing, progress
from api.commands.demo_story import BUNTING, HEART, Day
from api.commands.serving import PortOption, serve_backend
from api.commands.terminal import DataOption, Failure, log_to_stderr, out, say, table
from api.compose import open_node
from api.server import bound
from api.settings import PREFIX
from consumers.data_directory import DataDirectoryBusy
from consumers.ingest.examples import MAPPING, SAMPLE, example
from consumers.ingest.mapping import load_mapping
from consumers.ingest.run import Report
from consumers.ingest.sink import WriterSink
from consumers.node import Node

FULL_DATA: Final = Path(".onebook-full")
"""Where a whole file goes unless told otherwise, so that it never mixes with the excerpt."""

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        exists=True,
        dir_okay=False,
        show_default="the excerpt that comes with Onebook",
        help="The whole Online Retail file instead (CSV or CSV.gz).",
    ),
]


def demo(
    *,
    data: DataOption = None,
    file: FileOption = None,
    port: PortOption = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End when all is in.")] = False,
) -> None:
    """Look at a real retailer's stock, orders and customers. Run again, it goes on.

    Imports an excerpt of the UCI Online Retail data, lives through one scripted day of orders,
    shipments and pickups, and serves it all with a home page.

    Example: onebook demo --port 8000
    """
    log_to_stderr(logging.WARNING)
    if data is None and file is not None and "ONEBOOK_DATA" not in os.environ:
        data = FULL_DATA
    settings = configured.load(data=data, port=port)
    if settings.kafka is not None:
        raise Failure(
            f"the demo keeps its ledger in the embedded database: unset {PREFIX}KAFKA_BOOTSTRAP, "
            "or import the data through Kafka with `onebook import csv`"
        )
    with contextlib.ExitStack() as stack:
        if not no_serve:
            listening = stack.enter_context(contextlib.closing(bound(settings.host, settings.port)))
        try:
            opened, node = stack.enter_context(open_node(settings))
        except DataDirectoryBusy as busy:
            if busy.address is None:
                raise
            raise Failure(
                f"{settings.data} is served already: open {busy.address}, or stop that server first"
            ) from None
        _fill(node, file)
        if not no_serve:
            serve_backend(
                opened, of_node(node), listening, lambda address: _invite(address, settings.data)
            )


def _fill(node: Node, file: Path | None) -> None:
    with progress.bars() as progressing:
        report = importing.run(
            file or example(SAMPLE),
            load_mapping(example(MAPPING)),
            WriterSink(node.writer, node.recorder),
            progressing,
            opening_balances=True,
        )
        importing.catch_up(node, progressing)
        since = demo_day.begun(node)
        lived = list(demo_day.live_through(node, since))
        importing.catch_up(node, progressing)
    _show_import(report)
    title = f"A day in London, {Day(since).date}"
    shown = table(title, "time", "channel", "what happens", "the ledger says")
    for step, answer in lived:
        shown.add_row(step.time, step.channel, step.told, escape(demo_day.said(answer)))
    out.print(shown)


def _show_import(report: Report) -> None:
    say(
        f"{report.rows:,} rows of a real retailer (UCI Online Retail, CC BY 4.0) are "
        f"{report.invoices:,} invoices and {sum(report.sent.values()):,} requests: "
        f"{report.accepted:,} new in the ledger, {report.replayed:,} there already."
    )


def _invite(address: str, data: Path) -> None:
    where = "" if data == Path(".onebook") else f" --data {shlex.quote(str(data))}"
    onebook = _program()
    out.print(f"\n[bold]Look at {address}[/] (Ctrl-C stops it), and from there at\n")
    for page, told in (
        ("exceptions", "what people must look at"),
        ("orders/web-2003", "an order split over two locations, and why these"),
        ("orders/web-2005", "one that waits for a supply, with its promise"),
        (f"inventory/{BUNTING}", "a sku's stock, and every movement that made it so"),
        ("transfers", "what is on its way"),
        ("customers/17841", "a customer's timeline"),
    ):
        out.print(f"  [bold]{address}/{page}[/]  [dim]# {told}[/]", highlight=False, soft_wrap=True)
    out.print("\nIn another terminal:\n")
    for command, told in (
        (f"{onebook} exceptions --limit 5{where}", "what people must look at, the dearest first"),
        (f"{onebook} order web-2001{where}", "who served it, and why; who came second"),
        (f"{onebook} order web-2004{where}", "paid, and the shelf cannot keep it"),
        (f"{onebook} inventory {BUNTING} --movements{where}", "every movement behind its number"),
        (f"{onebook} hold{where}", "a cart's goods, free again in a few minutes"),
        (f"{onebook} customer 17841{where}", "one person under two ids"),
        (f"{onebook} verify{where}", "fold everything afresh and compare"),
        (f"curl {address}/v1/availability/web/{HEART}", "what the web shop may promise, by when"),
        (f"curl -N '{address}/v1/events/stream?after=0'", "every event, live"),
    ):
        out.print(f"  [bold]{command}[/]  [dim]# {told}[/]", highlight=False, soft_wrap=True)


def _program() -> str:
    """How the user's shell finds this program."""
    return "onebook" if shutil.which("onebook") else os.path.relpath(sys.argv[0])
