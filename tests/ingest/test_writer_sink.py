"""Sending to a writer of this process: in order, a bounded number at a time, and never lost."""

from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from consumers.ingest import sink as sinks
from consumers.ingest.faults import ImportStopped
from consumers.ingest.prepare import Prepared
from consumers.ingest.sink import Outcome, WriterSink
from consumers.node import Node
from consumers.writing.writer import Answer, DecisionFailed, Mismatch, WriterBusy, WriterStopped
from ledger.domain.requests import ReceiptLine, ReceiveStock, RegisterCustomer


def asked(request_id, channel="till"):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return Prepared(
        channel, RegisterCustomer(request_id=request_id, occurred_at=at, customer_id="c")
    )


class SlowWriter:
    """Answers only when told to, and is busy as often as asked."""

    def __init__(self, busy=0):
        self.busy = busy
        self.submitted = []
        self.futures = []

    def submit(self, channel, requests):
        if self.busy:
            self.busy -= 1
            raise WriterBusy("full")
        self.submitted.append((channel, [request.request_id for request in requests]))
        self.futures.append(Future())
        return self.futures[-1]


def test_a_batch_is_submitted_by_channel_in_its_order():
    writer = SlowWriter()
    list(
        WriterSink(writer, None).send(
            [asked("1"), asked("2", "web"), asked("3"), asked("4", "web")]
        )
    )
    assert writer.submitted == [("till", ["1", "3"]), ("web", ["2", "4"])]


def test_every_answer_becomes_an_outcome():
    writer = SlowWriter()
    sink = WriterSink(writer, None)
    list(sink.send([asked(str(n)) for n in range(5)]))
    writer.futures[0].set_result(
        [
            Answer("0", "accepted", 1, 2),
            Answer("1", "accepted", 1, 2, replayed=True),
            Answer("2", "refused", 1, 1, reason="unknown_sku"),
            Mismatch("3", 7),
            DecisionFailed("4"),
        ]
    )
    outcomes = list(sink.finish())
    assert [o.result for o in outcomes] == ["accepted", "replayed", "refused", "mismatch", "failed"]
    assert outcomes[2] == Outcome("till", "2", "refused", "unknown_sku")
    assert "position 7" in outcomes[3].detail


def test_no_more_is_sent_while_too_much_is_unanswered(monkeypatch):
    monkeypatch.setattr(sinks, "MAX_SUBMITS_IN_FLIGHT", 2)
    monkeypatch.setattr(sinks, "ANSWER_TIMEOUT_S", 0.05)
    writer = SlowWriter()
    sink = WriterSink(writer, None)
    list(sink.send([asked("1")]))
    list(sink.send([asked("2")]))
    with pytest.raises(ImportStopped, match="no answer came"):
        list(sink.send([asked("3")]))
    assert len(writer.submitted) == 2


def test_a_busy_writer_is_asked_again_until_it_takes_the_batch():
    writer = SlowWriter(busy=3)
    list(WriterSink(writer, None).send([asked("1")]))
    assert writer.submitted == [("till", ["1"])]


def test_a_writer_that_stays_busy_stops_the_import(monkeypatch):
    monkeypatch.setattr(sinks, "MAX_BUSY_S", 0.05)
    with pytest.raises(ImportStopped, match="busy"):
        list(WriterSink(SlowWriter(busy=1000), None).send([asked("1")]))


def test_a_writer_that_stops_stops_the_import():
    writer = SlowWriter()
    sink = WriterSink(writer, None)
    list(sink.send([asked("1")]))
    writer.futures[0].set_exception(WriterStopped("it stopped"))
    with pytest.raises(ImportStopped, match="it stopped; import"):
        list(sink.finish())


def test_the_ledger_says_what_it_knows_and_where_stock_has_moved(database_url):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    line = ReceiptLine(line_id="1", sku="MUG", quantity=1)
    receipt = ReceiveStock(request_id="grn/1", occurred_at=at, location="dc/1", lines=(line,))
    with Node(database_url, project=False) as node:
        sink = WriterSink(node.writer, node.recorder)
        assert not sink.knows("wms", "grn/1")
        elsewhere = replace(receipt, request_id="grn/2", location="shop0")
        list(sink.send([Prepared("wms", receipt), Prepared("wms", elsewhere)]))
        assert [outcome.result for outcome in sink.finish()] == ["accepted", "accepted"]
        assert sink.knows("wms", "grn/1")
        assert not sink.knows("wms", "grn")
        assert not sink.knows("till", "grn/1")
        assert sink.has_stock_events("dc/1")
        assert not any(map(sink.has_stock_events, ("dc", "dc/", "dc/10", "dc-1", "dc/2", "shop")))
