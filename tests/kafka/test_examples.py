"""The examples for Kafka run as they stand, and say what the ledger holds."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from real_kafka import fresh_network

from consumers.kafka_node import KafkaWriter
from ledger.head import Head
from ledger.kafka.block import Block, encode
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic, requests_topic
from ledger.recorded import Recorded

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE_S = 60.0
RUNS_FOR_S = 120.0
SALES = [
    {
        "type": "record_sale",
        "request_id": f"till-{number}",
        "occurred_at": "2026-03-01T12:00:00Z",
        "location": "store-7",
        "customer_id": customer,
        "lines": [{"line_id": "1", "sku": "MUG-RED", "quantity": 1}],
    }
    for number, customer in enumerate(("ann", "bob", "ann"), 1)
]


def run(example: str, *arguments: str, exit_code: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(EXAMPLES / example), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=RUNS_FOR_S, check=False
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done


class Shop:
    """One network whose requests are sent by the example and decided by a writer."""

    def __init__(self, bootstrap: str, network: str, writer: KafkaWriter) -> None:
        self.bootstrap, self.network, self._writer = bootstrap, network, writer
        self.log = KafkaLog(KafkaSettings(bootstrap=bootstrap), ledger_topic(network))

    def send(self, file: Path, requests: int) -> None:
        sent = run("send_over_kafka.py", self.bootstrap, self.network, "till", str(file))
        assert sent.stdout.startswith(f"{requests} requests are kept at offset")

    def send_sales(self, folder: Path) -> None:
        file = folder / "sales.ndjson"
        file.write_text("\n".join(json.dumps(sale) for sale in SALES))
        self.send(file, len(SALES))

    def decided(self, requests: int) -> None:
        """Wait until so many requests are answered in the ledger."""
        end = time.monotonic() + PATIENCE_S
        while sum(stream.startswith("request/") for _, stream, *_ in self.events()) < requests:
            assert time.monotonic() < end, "the requests were not decided"
            time.sleep(0.05)

    def events(self) -> list[tuple[int, str, int, str, object]]:
        """The ledger as its recorder reads it."""
        with ReadOnlyRecorder(self.log, self.network) as recorder:
            return [
                (n.id, str(n.originator_id), n.originator_version, n.topic, json.loads(n.state))
                for n in recorder.select_notifications(1, 10_000)
            ]

    def append(self, value: bytes) -> None:
        appender = self.log.appender()
        appender.send(value).result()
        appender.close()

    def head(self) -> Head:
        with ReadOnlyRecorder(self.log, self.network) as recorder:
            return recorder.head()


@pytest.fixture
def shop(kafka_bootstrap: str, network: str) -> Iterator[Shop]:
    with KafkaWriter(KafkaSettings(bootstrap=kafka_bootstrap), network, takeover_s=0.2) as writer:
        yield Shop(kafka_bootstrap, network, writer)


def block(network: str, prev: str, first: int) -> bytes:
    event = Recorded("stock/store-7/MUG", 1, "stock_sold.v1", b"{}")
    now = datetime.now(UTC)
    return encode(Block(network, "intruder", prev, first, now, {}, (event,)))


def read(shop: Shop, exit_code: int = 0) -> tuple[list[dict[str, object]], str]:
    done = run("read_ledger.py", shop.bootstrap, shop.network, exit_code=exit_code)
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_an_independent_reader_reads_what_the_recorder_does_and_nothing_dead(shop: Shop) -> None:
    shop.send(EXAMPLES / "morning.ndjson", 6)
    shop.decided(6)
    for dead in (
        b"no block",
        block(shop.network, "genesis", 1),
        block("another", shop.head().hash, shop.head().position + 1),
        block(shop.network, shop.head().hash, shop.head().position + 1)[:-1],
    ):
        shop.append(dead)
    shop.send(EXAMPLES / "evening.ndjson", 3)
    shop.decided(9)
    found, said = read(shop)
    fields = ("position", "stream", "version", "type", "data")
    assert [tuple(event[name] for name in fields) for event in found] == shop.events()
    head = shop.head()
    ledger, inputs = said.splitlines()
    assert ledger == f"position {head.position}, head {head.hash}, 4 records do not count"
    assert inputs.endswith(json.dumps({requests_topic(shop.network, "till"): 2}))


def test_an_independent_reader_stops_where_the_ledger_is_corrupt(shop: Shop) -> None:
    shop.send(EXAMPLES / "morning.ndjson", 6)
    shop.decided(6)
    head = shop.head()
    shop.append(block(shop.network, head.hash, head.position + 2))
    found, said = read(shop, exit_code=1)
    assert len(found) == head.position
    assert "the ledger is corrupt: the block at offset" in said


def test_a_loyalty_application_stamps_each_sale_once_however_often_it_is_started(
    shop: Shop, tmp_path: Path
) -> None:
    own = fresh_network(shop.bootstrap)
    shop.send_sales(tmp_path)
    shop.decided(len(SALES))
    for _ in range(2):
        shown = run("eventsourcing_application.py", shop.bootstrap, shop.network, own).stdout
        assert shown.splitlines() == [
            "ann: 2 stamps, the last for sale/till/till-3",
            "bob: 1 stamps, the last for sale/till/till-2",
        ]


def test_what_a_channel_sends_twice_counts_once(shop: Shop, tmp_path: Path) -> None:
    shop.send_sales(tmp_path)
    shop.decided(len(SALES))
    before = shop.events()
    shop.send_sales(tmp_path)
    more = tmp_path / "more.ndjson"
    more.write_bytes(msgspec.json.encode({**SALES[0], "request_id": "till-9"}))
    shop.send(more, 1)
    shop.decided(len(SALES) + 1)
    assert shop.events()[: len(before)] == before
    assert sum(stream == "request/till/till-1" for _, stream, *_ in shop.events()) == 1
