"""An application of the `eventsourcing` library beside Onebook: a stamp for each sale.

    onebook topics create --network loyalty
    python examples/eventsourcing_application.py localhost:9092 main loyalty

It follows Onebook's ledger and keeps its own aggregates in a ledger of its own, both in Kafka.
Each stamp is written in one block together with how far Onebook's ledger was followed: killed at
any moment and started again, it misses no sale and stamps none twice.
"""

import sys
from functools import singledispatchmethod
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, LocalNotificationLog, ProcessingEvent
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.system import ProcessApplication

from ledger import codec
from ledger.domain.events import SaleRecorded
from ledger.kafka import Factory, environment
from ledger.kafka.settings import KafkaSettings

ONEBOOK = "onebook"
MAX_EVENTS_SHOWN = 1_000_000


class Card(Aggregate):
    """One customer's stamps."""

    @staticmethod
    def create_id(customer_id: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"cards/{customer_id}")

    def __init__(self, customer_id: str) -> None:
        self.customer_id = customer_id
        self.stamps = 0

    @event("Stamped")
    def stamp(self, sale: str) -> None:
        self.last_sale = sale
        self.stamps += 1


class OnebookMapper(Mapper[UUID]):
    """Onebook's events are structs of its own, named by type and version."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return codec.decode(stored_event.topic, stored_event.state)


class Loyalty(ProcessApplication[UUID]):
    topics = (codec.TOPICS[SaleRecorded],)
    pull_section_size = 500

    def follow_onebook(self, onebook: Factory) -> None:
        log = LocalNotificationLog(onebook.read_only_recorder(), self.pull_section_size)
        self.follow(ONEBOOK, log)
        self.mappers[ONEBOOK] = OnebookMapper(self.construct_transcoder())
        self.pull_and_process(ONEBOOK)

    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Nothing, for other events."""

    @policy.register
    def _(self, sale: SaleRecorded, processing_event: ProcessingEvent[UUID]) -> None:
        if sale.customer_id is not None:
            card = self.card(sale.customer_id)
            card.stamp(sale.stream)
            processing_event.collect_events(card)

    def card(self, customer_id: str) -> Card:
        try:
            return self.repository.get(Card.create_id(customer_id))
        except AggregateNotFoundError:
            return Card(customer_id)


def main(bootstrap: str, network: str, own_network: str) -> None:
    settings = KafkaSettings(bootstrap=bootstrap)
    with (
        Factory(environment(settings, network)) as onebook,
        Loyalty(environment(settings, own_network)) as loyalty,
    ):
        loyalty.follow_onebook(onebook)
        for created in loyalty.recorder.select_notifications(1, MAX_EVENTS_SHOWN):
            if created.originator_version == Card.INITIAL_VERSION:
                card: Card = loyalty.repository.get(UUID(str(created.originator_id)))
                print(f"{card.customer_id}: {card.stamps} stamps, the last for {card.last_sale}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
