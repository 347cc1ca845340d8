"""Send the requests of a file, one a line, as a channel by Kafka: one record, an array of them.

    python examples/send_over_kafka.py localhost:9092 main web examples/morning.ndjson

Sent again, nothing counts twice. Answers stand in the ledger: GET /v1/requests/web/{request_id}.
"""

import sys
from pathlib import Path

from kafka import KafkaProducer


def send(bootstrap: str, network: str, channel: str, file: str) -> None:
    requests = Path(file).read_bytes().splitlines()
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all")
    array = b"[" + b",".join(requests) + b"]"
    kept = producer.send(f"onebook.{network}.requests.{channel}", array, partition=0).get(30)
    print(f"{len(requests)} requests are kept at offset {kept.offset} of {kept.topic}")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    send(*sys.argv[1:])
