"""A request index of a million entries, and what each takes of the process's memory.

python -m benchmarks.kafka.indexing ENTRIES
"""

import gc
import sys

from benchmarks import shop
from benchmarks.kafka.messages import Indexed
from benchmarks.kafka.programs import say
from benchmarks.memory import own_resident_mib
from consumers.snapshot.request_index import RequestIndex, key_of
from ledger.domain.events import RequestAccepted
from ledger.fingerprint import fingerprint

MIB = 1 << 20


def main(entries: str) -> None:
    """Fill one."""
    count = int(entries)
    index = RequestIndex()
    at = shop.OPENED_AT
    fingerprints = [fingerprint(order) for order in shop.orders(1_000, 2)]
    gc.collect()
    before = own_resident_mib()
    for n in range(count):
        own = fingerprints[n % len(fingerprints)]
        event = RequestAccepted(shop.CHANNEL, str(n), at, at, "place_order", own, 3)
        index.add(key_of(shop.CHANNEL, str(n)), event, n + 1)
    assert len(index) == count, len(index)
    say(Indexed((own_resident_mib() - before) * MIB / count))


if __name__ == "__main__":
    main(*sys.argv[1:])
