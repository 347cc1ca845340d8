"""What commands share with the terminal: options, output for people or programs, exit codes."""

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

DONE: Final = 0
IN_PART: Final = 1
"""Done in part, or a difference found."""
FAILED: Final = 2
"""Wrong usage, or a failure."""

WIDTH_IN_A_FILE: Final = 140
SPARING_S: Final = 10.0

out = Console(width=None if sys.stdout.isatty() else WIDTH_IN_A_FILE)
err = Console(stderr=True)

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data directory (or ONEBOOK_DATA).",
        show_default=".onebook",
        file_okay=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
NetworkOption = Annotated[
    str | None, typer.Option("--network", help="The network to serve.", show_default="main")
]
LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=1000, metavar="N", help="At most so many.")
]
AfterOption = Annotated[
    str | None,
    typer.Option("--after", metavar="NEXT", help="Go on behind a page: the `next` it ended with."),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="WHEN",
        help="As of then: a position, or a time with its offset (2026-03-20T10:03:00Z).",
    ),
]
ClockOption = Annotated[
    str | None,
    typer.Option(
        "--clock",
        metavar="CLOCK",
        help="Of a time: recorded, what was known then, or occurred, what was true then.",
        show_default="recorded",
    ),
]


class Failure(Exception):
    """Ends the command with exit code 2; the text says what happened and what to do."""


def say(text: str, *, to: Console = out) -> None:
    """Print a sentence as it is: no markup, no numbers in colour, no line broken in a file."""
    to.print(text, highlight=False, markup=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def table(title: str | None, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table for people; `numbers` are aligned right."""
    made = Table(
        title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE
    )
    for column in columns:
        justify: Any = "right" if column in numbers else "left"
        made.add_column(column, justify=justify, overflow="fold")
    return made


def log_to_stderr(level: int) -> None:
    """Write log lines from this level up to stderr; of kafka-python few and only errors."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Sparing("kafka"))
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(message)s", handlers=[handler], force=True
    )
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Sparing(logging.Filter):
    """Of one library's loggers only errors, and of each one line every SPARING_S seconds.

    kafka-python says several times a second that a broker is away.
    """

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._said_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.name.partition(".")[0] != self._library:
            return True
        last = self._said_at.get(record.name, -SPARING_S)
        if record.levelno < logging.ERROR or record.created - last < SPARING_S:
            return False
        self._said_at[record.name] = record.created
        return True


def stopped_by_signals() -> threading.Event:
    """An event that is set by Ctrl-C or SIGTERM, instead of ending the process there."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
