"""`onebook` with one line changed, as a program: what the fault suite must catch on real brokers.

`python planted.py NAME COMMAND…` plants the bug of that name, then runs the command.
"""

import sys
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import Struct

SUPPORT: Final = Path(__file__).parents[1]


class Bug(Struct, frozen=True):
    """What one function says, and what it says with the bug."""

    where: Any
    said: str
    says: str


def bugs() -> dict[str, Bug]:
    """The bugs by name."""
    from consumers.writing.engine import Engine  # noqa: PLC0415 - a program's path is set first

    return {
        "answers before the acknowledgement": Bug(
            Engine.hand_over,
            "self.in_flight = InFlight(block, future)",
            "self.in_flight = InFlight(block, future)\n"
            "    for asked in block.asked.values():\n"
            "        asked.answer(self.ledger.head.position + 1)",
        ),
        "forgets what was asked before": Bug(
            Engine._said_before,
            "known = self.index.get(key)",
            "known = None",
        ),
    }


def program(name: str) -> tuple[str, ...]:
    """The command that stands in place of `onebook`."""
    assert name in bugs(), name
    return (sys.executable, str(Path(__file__)), name)


def main() -> None:
    """Plant, and run until the command ends."""
    sys.path[:1] = [str(SUPPORT), str(SUPPORT.parents[1])]
    from plant import plant  # noqa: PLC0415

    from api import cli  # noqa: PLC0415

    bug = bugs()[sys.argv.pop(1)]
    with pytest.MonkeyPatch.context() as planting:
        plant(planting, bug.where, bug.said, bug.says)
        cli.main()


if __name__ == "__main__":
    main()
