"""The database dies under the writer: nothing is answered wrongly, and stopping still stops."""

import os
import signal
import threading
import time
from datetime import UTC, datetime

import pytest
from embedded_folder import embedded_postgres
from processes import server_pid

from consumers.ledgers import PostgresLedger
from consumers.writing.writer import Writer, WriterStopped
from ledger import postgres
from ledger.domain.requests import RegisterCustomer
from ledger.opening import open_ledger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STOPS_WITHIN_S = 10


def registered(number: int) -> RegisterCustomer:
    return RegisterCustomer(request_id=f"c-{number}", occurred_at=NOON, customer_id=f"{number}")


def test_the_writer_stops_in_time_when_its_database_died_during_an_append(tmp_path):
    with (
        embedded_postgres(tmp_path / "data") as url,
        open_ledger(postgres.environment(url), "main") as recorder,
    ):
        writer = Writer(PostgresLedger(recorder))
        writer.start()
        assert writer.submit("web", [registered(0)]).result(STOPS_WITHIN_S)
        os.kill(server_pid(url), signal.SIGKILL)
        waiting = [writer.submit("web", [registered(n)]) for n in range(1, 50)]
        time.sleep(1)
        stopping = threading.Thread(target=writer.stop)
        stopping.start()
        stopping.join(STOPS_WITHIN_S)
        assert not stopping.is_alive()
        for future in waiting:
            with pytest.raises(WriterStopped):
                future.result(0)
