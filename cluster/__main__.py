"""`make cluster`, `python -m cluster`: Onebook on Kafka as local processes, until Ctrl-C."""

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from rich.console import Console

from cluster.broker import BrokerFailed
from cluster.command import CommandFailed
from cluster.jars import KafkaUnavailable
from cluster.local import (
    SETTINGS_FILE,
    ClusterBusy,
    Member,
    Plan,
    running_brokers,
    running_cluster,
)
from cluster.shown import members_as_json, say, show_members, show_what_to_try
from consumers.embedded import EmbeddedPostgresError

FAILURES: Final = (
    BrokerFailed,
    ClusterBusy,
    CommandFailed,
    EmbeddedPostgresError,
    KafkaUnavailable,
)
ENDS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KAFKA_PORT: Final = 19_092
LOOK_PAUSE_S: Final = 0.5
WIDTH_IN_A_FILE: Final = 140

out = Console(width=None if sys.stdout.isatty() else WIDTH_IN_A_FILE)
err = Console(stderr=True)


class Ended(BaseException):
    """Somebody asked us to end."""


def main() -> None:
    """Start what the command line asks for and follow it; exits with 0 when asked to end."""
    asked = _arguments()
    plan = Plan(asked.data, asked.brokers, asked.kafka_port, asked.port)
    for number in ENDS:
        signal.signal(number, _end)
    try:
        if asked.only == "kafka":
            _follow_brokers(plan, as_json=asked.json)
        else:
            _follow_all(plan, as_json=asked.json)
    except Ended:
        say(err, "stopped")
    except FAILURES as failure:
        say(err, f"cluster: {failure}")
        sys.exit(2)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m cluster",
        description="Run Onebook on Kafka on this machine: brokers, PostgreSQL, two writers, a "
        "projector, feeds and the API, each a process that may be killed. Ctrl-C stops them; what "
        "they recorded stays in the data directory.",
    )
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3, help="default: 3")
    parser.add_argument("--port", type=int, default=8000, help="of the API (default: 8000)")
    parser.add_argument(
        "--kafka-port",
        type=int,
        default=KAFKA_PORT,
        help=f"of the first broker; the others follow (default: {KAFKA_PORT}; 0: any)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(".onebook-cluster"),
        metavar="DIR",
        help="where all of it is kept (default: .onebook-cluster)",
    )
    parser.add_argument("--only", choices=("kafka",), help="start the brokers and nothing else")
    parser.add_argument("--json", action="store_true", help="print what runs as a line of JSON")
    return parser.parse_args()


def _follow_brokers(plan: Plan, *, as_json: bool) -> None:
    with running_brokers(plan) as kafka:
        _show(kafka.brokers, as_json=as_json)
        if not as_json:
            say(out, f"bootstrap: {kafka.bootstrap} (Ctrl-C stops it)")
        _follow(kafka.brokers)


def _follow_all(plan: Plan, *, as_json: bool) -> None:
    say(err, "Starting Kafka, PostgreSQL, writers, projector, feeds and API …")
    with running_cluster(plan) as members:
        _show(members, as_json=as_json)
        if not as_json:
            show_what_to_try(out, members[-1].address, members)
            settings = shlex.quote(str(plan.folder.absolute() / SETTINGS_FILE))
            say(out, f"Other commands reach it after this:  . {settings}\n")
            say(out, "Ctrl-C stops all of it.")
        _follow(members)


def _show(members: Sequence[Member], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(f"{members_as_json(members)}\n")
        sys.stdout.flush()
    else:
        show_members(out, members)


def _follow(members: Sequence[Member]) -> NoReturn:
    """Say who has ended, until we are asked to end. Nobody is started again: others take over."""
    told: set[str] = set()
    while True:
        for member in members:
            if member.name not in told and not member.is_running:
                told.add(member.name)
                say(
                    err, f"{member.name} has ended: {member.log_file} says why, if it did it itself"
                )
        time.sleep(LOOK_PAUSE_S)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in ENDS:
        signal.signal(number, _heard)  # what follows is stopping, and has its own limits
    say(err, "\nstopping …")
    raise Ended


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Stopping already."""


if __name__ == "__main__":
    main()
