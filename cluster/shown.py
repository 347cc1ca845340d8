"""What `make cluster` prints: what runs where, and what to try with it."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from cluster.local import Member

ORDER = {
    "type": "place_order",
    "request_id": "try-1",
    "occurred_at": "2026-03-01T11:00:00Z",
    "order_id": "try-1",
    "lines": [{"line_id": "1", "sku": "MUG", "quantity": 1, "how": "ship", "location": "store-7"}],
}
RECEIVED = {
    "type": "receive_stock",
    "request_id": "try-0",
    "occurred_at": "2026-03-01T08:00:00Z",
    "location": "store-7",
    "lines": [{"line_id": "1", "sku": "MUG", "quantity": 5}],
}


def show_members(out: Console, members: Sequence[Member]) -> None:
    """Print one row a process."""
    table = Table(box=SIMPLE, header_style="dim")
    for column in ("what", "where", "process", "log"):
        justify = "right" if column == "process" else "left"
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]  # a literal
    for member in members:
        row = (member.name, member.address, str(member.pid), _short(member.log_file))
        table.add_row(*row)
    out.print(table)


def show_what_to_try(out: Console, address: str, members: Sequence[Member]) -> None:
    """Print commands to copy: stock, an order, what is left, and a writer's end."""
    writer = next(member for member in members if member.name == "writer-1")
    say(out, f"Open {address} or, in another terminal, receive stock and order of it:\n")
    for body in (RECEIVED, ORDER):
        say(out, f"  curl {address}/v1/requests -H 'Onebook-Channel: web' --json \\")
        say(out, f"    {shlex.quote(json.dumps(body))}")
    say(out, f"  curl {address}/v1/inventory/MUG\n")
    say(out, "Then end a writer, a broker or anything else, and order again under another")
    say(out, f"request_id and order_id: kill -9 {writer.pid}\n")


def members_as_json(members: Sequence[Member]) -> str:
    """Return the processes as one line of JSON."""
    rows = [
        {"name": m.name, "address": m.address, "pid": m.pid, "log": str(m.log_file)}
        for m in members
    ]
    return json.dumps({"processes": rows})


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def say(out: Console, text: str) -> None:
    """Print a line as it is, however long: commands are there to be copied."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)
