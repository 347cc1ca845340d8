"""`onebook import csv | ndjson`: what other systems export, into the ledger."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from api import settings as configured
from api.commands import progress
from api.commands.lines import run_ndjson, show_lines
from api.commands.progress import Report as Progressing
from api.commands.serving import served_address
from api.commands.sinks import HttpSink
from api.commands.terminal import (
    DONE,
    IN_PART,
    DataOption,
    Failure,
    JsonOption,
    err,
    out,
    print_json,
    say,
    table,
)
from api.compose import open_node
from api.parameters import DEFAULT_CHANNEL
from api.settings import Settings
from consumers.data_directory import DataDirectoryBusy
from consumers.ingest.faults import BadRow
from consumers.ingest.mapping import Mapping, load_mapping
from consumers.ingest.run import Report, run_import
from consumers.ingest.sink import Sink, WriterSink
from consumers.ingest.table import Progress
from consumers.node import Node

MAX_BAD_ROWS_SHOWN: Final = 20
CATCH_UP_POLL_S: Final = 0.2
CATCH_UP_LIMIT_S: Final = 600.0

app = typer.Typer(
    help="Import what other systems export.", no_args_is_help=True, rich_markup_mode="markdown"
)

FileArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, show_default=False, help="The file.")
]

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help="Send to this server, not to the one of a data directory.",
        show_default=False,
    ),
]


@app.command("csv")
def import_csv(  # noqa: PLR0913 - one parameter an option
    *,
    file: FileArgument,
    mapping: Annotated[
        Path,
        typer.Option(
            "--mapping", exists=True, dir_okay=False, show_default=False, help="TOML: what is what."
        ),
    ],
    opening_balances: Annotated[
        bool,
        typer.Option("--opening-balances", help="First count in what must have been there before."),
    ] = False,
    server: ServerOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import sales, returns and adjustments from a CSV file; again, it adds nothing.

    A bad row is reported and keeps its whole invoice out, the rest goes in, and the exit code
    is 1: mend the file and import it again.

    Example: onebook import csv sales.csv --mapping examples/online-retail.toml
    """
    settings = configured.load(data=data)
    rules = load_mapping(mapping)
    with progress.bars() as progressing, sink_for(settings, progressing, server) as sink:
        report = run(file, rules, sink, progressing, opening_balances=opening_balances)
    print_json(report) if as_json else show(report)
    raise typer.Exit(DONE if report.whole else IN_PART)


@app.command("ndjson")
def import_ndjson(
    *,
    file: FileArgument,
    channel: Annotated[
        str, typer.Option("--channel", help="The channel that sends them.")
    ] = DEFAULT_CHANNEL,
    server: ServerOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import requests as the API takes them, one JSON object a line; again, it adds nothing.

    Example: onebook import ndjson requests.ndjson --channel till3
    """
    settings = configured.load(data=data)
    with progress.bars() as progressing, sink_for(settings, progressing, server) as sink:
        report = run_ndjson(file, channel, sink, progressing)
    print_json(report) if as_json else show_lines(report)
    raise typer.Exit(DONE if report.whole else IN_PART)


@contextlib.contextmanager
def sink_for(
    settings: Settings, progressing: Progressing, server: str | None = None
) -> Iterator[Sink]:
    """A writer of our own, or a server: the one named, or the one that holds the data directory.

    Onto Kafka it is a server in any case, for this command alone if there is none. Left without a
    fault, the views show what went in, unless they are kept elsewhere. Raises DataDirectoryBusy
    if another process holds the directory and serves nothing.
    """
    with contextlib.ExitStack() as stack:
        address = server
        if address is None and settings.kafka is not None:
            address = stack.enter_context(served_address(settings))
        if address is None:
            try:
                _, node = stack.enter_context(open_node(settings))
            except DataDirectoryBusy as busy:
                if busy.address is None:
                    raise
                address = busy.address
        if address is not None:
            sink = stack.enter_context(contextlib.closing(HttpSink(address)))
            yield sink
            sink.wait_for_views()
            return
        yield WriterSink(node.writer, node.recorder)
        catch_up(node, progressing)


def catch_up(node: Node, progressing: Progressing) -> None:
    """Wait until the views show everything. Raises ProjectorStopped, or Failure when they do not.

    They would also catch up at the next start.
    """
    head, waited_s = node.writer.position, 0.0
    while not node.projector.wait_for(head, CATCH_UP_POLL_S):
        progressing("updating views", node.projector.position(), head)
        node.projector.check()
        waited_s += CATCH_UP_POLL_S
        if waited_s > CATCH_UP_LIMIT_S:
            raise Failure(f"everything is recorded, but the views do not reach position {head}")
    progressing("updating views", head, head)


def run(
    file: Path, rules: Mapping, sink: Sink, progressing: Progressing, *, opening_balances: bool
) -> Report:
    """Import a CSV file, showing how far it is and the first bad rows."""
    shown = 0

    def on_bad_row(row: BadRow) -> None:
        nonlocal shown
        shown += 1
        if shown <= MAX_BAD_ROWS_SHOWN:
            say(f"bad row: {row}", to=err)

    def on_progress(at: Progress) -> None:
        progressing(f"{at.stage} (KiB)", at.bytes_read >> 10, at.bytes_total >> 10)

    return run_import(
        file,
        rules,
        sink,
        opening_balances=opening_balances,
        on_progress=on_progress,
        on_bad_row=on_bad_row,
    )


def show(report: Report) -> None:
    """Print what a CSV import did."""
    shown = table(None, "requests", "sent", numbers=("sent",))
    for kind, sent in sorted(report.sent.items()):
        shown.add_row(kind, f"{sent:,}")
    out.print(shown)
    say(
        f"{report.rows:,} rows, {report.invoices:,} invoices: {report.accepted:,} requests are "
        f"new in the ledger, {report.replayed:,} were there already"
    )
    if report.nothing_new and report.whole:
        say("Nothing is new: this file was imported before.")
    if report.bad_rows:
        say(
            f"{report.bad_rows:,} bad rows keep {report.invoices_out:,} invoices out: mend the "
            "file and import it again"
        )
    for outcome in report.problems[:MAX_BAD_ROWS_SHOWN]:
        where = f"{outcome.channel} {outcome.request_id}"
        say(f"{where}: {outcome.result} {outcome.detail}")
