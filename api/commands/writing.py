"""`onebook write`: one writer of a network in Kafka, active or standing by."""

import logging
import re
import socket
from pathlib import Path
from typing import Annotated, Final

import typer

from api import settings as configured
from api.commands.terminal import (
    DataOption,
    Failure,
    JsonOption,
    NetworkOption,
    log_to_stderr,
    out,
    print_json,
    stopped_by_signals,
)
from api.settings import PREFIX, Settings
from consumers.kafka_node import KafkaWriter
from ledger.kafka.topics import refuse_if_dangerous

LOOK_EVERY_S: Final = 0.5
WRITER_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

NameOption = Annotated[
    str | None,
    typer.Option("--name", help="The writer's name in its blocks.", show_default="the host's"),
]
PlaceOption = Annotated[
    int,
    typer.Option("--place", min=0, max=100, help="Its place among the standbys: 0 acts first."),
]
DevOption = Annotated[
    bool, typer.Option("--dev", help="Begin on topics with one copy (or ONEBOOK_KAFKA_DEV).")
]


def write(  # noqa: PLR0913 - one parameter an option
    *,
    network: NetworkOption = None,
    name: NameOption = None,
    place: PlaceOption = 0,
    data: DataOption = None,
    dev: DevOption = False,
    as_json: JsonOption = False,
) -> None:
    """Decide the requests of a network in Kafka until Ctrl-C, or stand by while another does.

    Any number may run. A snapshot in the data directory keeps the start short.

    Example: onebook write --network main --place 1
    """
    log_to_stderr(logging.INFO)
    settings = configured.load(data=data, network=network, kafka_dev=dev or None)
    kafka = settings.kafka
    if kafka is None:
        raise Failure(f"{PREFIX}KAFKA_BOOTSTRAP is not set: set it to HOST:PORT of a broker")
    refuse_if_dangerous(kafka, settings.network, dev=settings.kafka_dev)
    named = name or socket.gethostname()
    stopping = stopped_by_signals()
    with KafkaWriter(
        kafka, settings.network, name=named, place=place, folder=snapshot_folder(settings, named)
    ) as running:
        if as_json:
            print_json({"writer": running.author})
        else:
            out.print(f"Writer [bold]{running.author}[/] of network {settings.network} follows")
        while not stopping.wait(LOOK_EVERY_S):
            if running.writer.fault is not None:
                raise Failure(f"the writer stopped: {running.writer.fault}")


def snapshot_folder(settings: Settings, name: str) -> Path:
    """Where the writer of that name keeps its snapshot. Raises Failure if it is no name."""
    if not WRITER_NAME.fullmatch(name):
        raise Failure(
            f"a writer is not called {name!r}: --name takes 1-100 letters, digits, dots, _ and -, "
            "and does not begin with a dot"
        )
    return settings.data / "writers" / f"{settings.network}-{name}"
