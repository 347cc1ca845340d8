"""Gathering the evidence after a run: topics read raw, views read plainly, the product's verify."""

import json
import time
from collections.abc import Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, Final

import msgspec

from chaos.clients import CHANNELS
from chaos.database import checkpoints_of, stock_of
from chaos.diary import read_diaries
from chaos.evidence import DeadLetter, Evidence, ViewCheck, Views
from chaos.reader import Record, StoppedShort, Walk, read_records, read_topic, walk
from chaos.topology import NETWORK, Cluster

LEDGER: Final = f"onebook.{NETWORK}.ledger"
DEAD_LETTERS: Final = f"onebook.{NETWORK}.dead-letters"
REQUESTS: Final = tuple(f"onebook.{NETWORK}.requests.{channel}" for channel in CHANNELS)
SETTLE_LIMIT_S: Final = 120.0
SETTLE_POLL_S: Final = 1.0


class VerifyFailed(Exception):
    """`onebook verify` could not be run to its end."""


def gather(cluster: Cluster, diaries: Sequence[Path]) -> Evidence:
    """Wait until all is consumed and shown, at most SETTLE_LIMIT_S, then read everything.

    What has not settled by then is for the proofs to see. Raises VerifyFailed.
    """
    ledger, inputs = _settled(cluster)
    if cluster.plan.logs is not None:
        for topic in (LEDGER, *REQUESTS):
            _keep(cluster.folder, topic, read_topic(cluster.bootstrap, topic))
    return Evidence(
        ledger,
        read_diaries(diaries),
        inputs,
        [_letter(record) for record in read_records(cluster.bootstrap, DEAD_LETTERS)],
        views_of(cluster),
    )


def _keep(folder: Path, topic: str, records: Sequence[Record]) -> None:
    """A line for each record, for whoever looks for the cause of a violation."""
    with (folder / f"{topic}.ndjson").open("wb") as file:
        for offset, value in records:
            said = value.decode(errors="backslashreplace")
            file.write(msgspec.json.encode({"offset": offset, "value": said}) + b"\n")


def _settled(cluster: Cluster) -> tuple[Walk, dict[str, list[tuple[int, bytes]]]]:
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while True:
        inputs = {topic: read_topic(cluster.bootstrap, topic) for topic in REQUESTS}
        ledger = walk(read_topic(cluster.bootstrap, LEDGER), NETWORK)
        consumed = all(ledger.tracking.get(t, 0) == len(found) for t, found in inputs.items())
        shown = checkpoints_of(cluster.database.url, NETWORK).values()
        caught_up = all(position == ledger.position for position, _ in shown)
        if (consumed and caught_up) or ledger.corrupt:
            return ledger, inputs
        if time.monotonic() > deadline:
            _tell_what_is_left(cluster, ledger, inputs)
            return ledger, inputs
        time.sleep(SETTLE_POLL_S)


def _tell_what_is_left(cluster: Cluster, ledger: Walk, inputs: Mapping[str, Sized]) -> None:
    """Whether a reader that begins where the writers stand gets what they do not consume."""
    with (cluster.folder / "unsettled.ndjson").open("wb") as file:
        for topic, found in inputs.items():
            reached = ledger.tracking.get(topic, 0)
            try:
                gets: int | str = len(read_records(cluster.bootstrap, topic, reached))
            except StoppedShort as short:
                gets = str(short)
            said = {"topic": topic, "reached": reached, "end": len(found), "gets": gets}
            file.write(msgspec.json.encode(said) + b"\n")


def views_of(cluster: Cluster) -> Views:
    """The views as `onebook verify`, run as a process, and plain SQL find them."""
    done = cluster.onebook("verify", "--network", NETWORK, "--json")
    if done.returncode not in (0, 1):
        raise VerifyFailed(f"onebook verify: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    checkpoints = checkpoints_of(cluster.database.url, NETWORK)
    checks = [_check(report, checkpoints) for report in json.loads(done.stdout)]
    return Views(checks, stock_of(cluster.database.url, NETWORK))


def _check(report: dict[str, Any], checkpoints: dict[str, tuple[int, str]]) -> ViewCheck:
    conservation = report.get("conservation") or {"broken_skus": 0}
    different = sum(table["different_rows"] for table in report["tables"])
    return ViewCheck(
        report["view"],
        report["position"],
        checkpoints[report["view"]][1],
        report["ledger_digest"],
        report["view_digest"],
        different + conservation["broken_skus"],
    )


def _letter(record: Any) -> DeadLetter:
    headers = {name: (value or b"").decode() for name, value in record.headers}
    return DeadLetter(record.offset, record.value or b"", headers)
