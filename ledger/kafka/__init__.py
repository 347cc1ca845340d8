"""The ledger in Kafka: a chain of blocks in one topic, for the `eventsourcing` library.

Chosen by PERSISTENCE_MODULE=ledger.kafka; see `Factory` for the settings. `block` and `chain` are
the rule, pure; `log` is the port that the rest stands on and `client` its side to Kafka.
"""

from ledger.kafka.factory import Factory, environment

__all__ = ["Factory", "environment"]
