"""A channel's own client: publishes arrays of orders to its topic, prepared before it is told to.

python -m benchmarks.kafka.client BOOTSTRAP NETWORK ORDERS ITEMS
"""

import sys
import time

import msgspec

from benchmarks import shop
from benchmarks.kafka.brokers import Kafka
from benchmarks.kafka.messages import ORDERS_A_RECORD, WARM_UP_ORDERS, Published
from benchmarks.kafka.programs import say, told

ACKNOWLEDGED_WITHIN_S = 120.0
_encode = msgspec.json.Encoder().encode


def main(bootstrap: str, network: str, count: str, items: str) -> None:
    """Publish the opening stock and the warm-up; then, when told, all the orders."""
    warm_up = _records(WARM_UP_ORDERS, int(items), 0)
    records = _records(int(count), int(items), WARM_UP_ORDERS)
    appender = Kafka(bootstrap, 1).requests(network).appender()
    opening = _encode(shop.opening(int(items)))
    publish = appender.send
    for sent in [publish(value) for value in (opening, *warm_up)]:
        sent.result(ACKNOWLEDGED_WITHIN_S)
    say(Published(WARM_UP_ORDERS, 0.0))
    next(told())
    started = time.monotonic()
    for sent in [publish(value) for value in records]:
        sent.result(ACKNOWLEDGED_WITHIN_S)
    say(Published(int(count), time.monotonic() - started))
    appender.close()


def _records(count: int, items: int, first: int) -> list[bytes]:
    orders = shop.orders(first + count, items)[first:]
    return [
        _encode(orders[start : start + ORDERS_A_RECORD])
        for start in range(0, count, ORDERS_A_RECORD)
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
