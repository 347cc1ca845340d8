"""What commands share with the terminal: options, output for people or programs, exit codes."""

import logging
import sys
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
    """Write log lines from this level up to stderr."""
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr, force=True
    )
    for noisy in ("httpx", "httpcore", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
