"""What is decided and dropped was never so."""

from timed_network import TimedNetwork

from consumers.writing.blocks import Submission
from ledger.domain.requests import DescribeLocation
from ledger.domain.sourcing.channels import view_of


def test_a_description_that_is_dropped_shuts_no_location() -> None:
    network = TimedNetwork()
    opened = DescribeLocation(
        request_id="open", occurred_at=network.began, location="dc-1", kind="warehouse"
    )
    network.ask(opened)
    engine = network.running().writer._engine
    shut = DescribeLocation(
        request_id="shut",
        occurred_at=network.at(1),
        location="dc-1",
        kind="warehouse",
        active=False,
    )
    engine.queue.append((Submission("erp", (shut,)), 0))
    engine.fill(lambda: False)
    assert "dc-1" not in view_of(engine.block.state, "web").sites
    engine.drop()
    assert "dc-1" in view_of(engine.block.state, "web").sites
