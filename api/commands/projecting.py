"""`onebook project`: keeps the views of a network equal to its ledger, in a process of its own."""

import gc
import logging
import sys
import threading
from typing import Annotated, Final

import typer

from api import settings as configured
from api.commands.terminal import (
    Failure,
    JsonOption,
    NetworkOption,
    log_to_stderr,
    out,
    print_json,
    stopped_by_signals,
)
from api.ledgers import open_to_read
from api.settings import PREFIX, Settings
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from consumers.projecting.parallel import LedgerAt
from consumers.projector import MAX_PAUSE_S, Projector
from ledger.kafka.log import LogUnavailable
from ledger.kafka.topics import refuse_if_dangerous
from ledger.log import get_logger

LOOK_EVERY_S: Final = 0.5

DevOption = Annotated[
    bool, typer.Option("--dev", help="Begin on topics with one copy (or ONEBOOK_KAFKA_DEV).")
]

log = get_logger(__name__)


def project(
    *, network: NetworkOption = None, dev: DevOption = False, as_json: JsonOption = False
) -> None:
    """Keep the views of a network equal to its ledger until Ctrl-C, or stand by while another does.

    Goes on when PostgreSQL or brokers were away; ends if the ledger lost what the views saw.

    Example: onebook project --network main
    """
    log_to_stderr(logging.INFO)
    settings = configured.load(network=network, kafka_dev=dev or None)
    if settings.database_url is None:
        raise Failure(
            f"{PREFIX}DATABASE_URL is not set: set it to the PostgreSQL of the views; those of a "
            "data directory are kept by its own server"
        )
    stopping = stopped_by_signals()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    _refuse_if_dangerous(settings, stopping)
    url = settings.database_url.get_secret_value()
    with open_to_read(settings, url) as recorder:
        where = LedgerAt(settings.network, url, settings.kafka)
        projector = Projector(
            recorder,
            url,
            settings.network,
            patient=True,
            ledger=where,
            verify_events_per_s=settings.verify_events_per_s,
        )
        projector.start()
        try:
            _follow(projector, stopping, as_json=as_json)
        finally:
            projector.stop()


def _follow(projector: Projector, stopping: threading.Event, *, as_json: bool) -> None:
    """Say when the views have caught up, then wait; raises ProjectorStopped."""
    while not stopping.is_set() and not projector.caught_up.wait(LOOK_EVERY_S):
        projector.check()
    if stopping.is_set():
        return
    if as_json:
        print_json({"position": projector.position()})
        sys.stdout.flush()
    else:
        out.print(f"The views of network {projector.network} follow at {projector.position():,}")
    while not stopping.wait(LOOK_EVERY_S):
        projector.check()


def _refuse_if_dangerous(settings: Settings, stopping: threading.Event) -> None:
    """Look at the topics, as soon as a broker answers. Raises TopicsDangerous."""
    if settings.kafka is None:
        return
    while not stopping.is_set():
        try:
            refuse_if_dangerous(settings.kafka, settings.network, dev=settings.kafka_dev)
        except LogUnavailable as away:
            log.warning("projector_waits_for_brokers", error=str(away))
            stopping.wait(MAX_PAUSE_S)
        else:
            return
