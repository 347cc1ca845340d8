"""What any list of lines must be: there, and each of them told from the others."""

from collections.abc import Callable, Hashable, Iterable
from functools import cache
from typing import Any

from ledger.domain.requests import (
    InspectReturn,
    ReceivedLine,
    ReceiveReturn,
    SetChannelBuffer,
    SetSafetyStock,
)
from ledger.door.faults import Malformed, shown

Check = Callable[[Any], None]


@cache
def has_some(name: str) -> Check:
    """A check that this list of a request is not empty: the same check for the same name."""

    def check(request: Any) -> None:
        if not getattr(request, name):
            raise Malformed(f"`{name}` is empty; send at least one", name)

    return check


@cache
def ids_differ(name: str) -> Check:
    """A check that each line_id of this list stands once."""

    def check(request: Any) -> None:
        lines = getattr(request, name)
        if len({line.line_id for line in lines}) != len(lines):
            name_twin((line.line_id for line in lines), name, "line_id")

    return check


def decisions_differ(request: ReceiveReturn | InspectReturn) -> None:
    """Each line_id stands once for what is done with it: three mugs may be two and one."""
    decided = (
        f"{line.line_id} ({line.disposition})"
        if isinstance(line, ReceivedLine)
        else f"{line.line_id} ({line.from_disposition} to {line.to})"
        for line in request.lines
    )
    name_twin(decided, "lines", "line_id")


def skus_differ(request: SetSafetyStock | SetChannelBuffer) -> None:
    """Each sku stands once."""
    name_twin((line.sku for line in request.lines), "lines", "sku")


def name_twin(keys: Iterable[Hashable], path: str, name: str) -> None:
    """Raises Malformed for the first key that stands twice, if one does."""
    seen: set[Hashable] = set()
    for index, key in enumerate(keys):
        if key in seen:
            raise Malformed(
                f"`{name}` {shown(key)} stands twice; each stands once", f"{path}[{index}].{name}"
            )
        seen.add(key)
