"""The test cases that the `eventsourcing` library ships for recorders, unchanged but for hooks."""

from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresTrackingRecorder
from eventsourcing.tests import persistence as shipped
from eventsourcing.utils import Environment
from kafka.admin import KafkaAdminClient, NewTopic

from ledger import kafka, postgres
from ledger.kafka import recorder as on_kafka
from ledger.kafka.settings import KafkaSettings

SNAPSHOTS = "snapshots"


class OurOwn:
    """Each case has a ledger of its own; each recorder is as another process would have it."""

    settings: dict[str, str]

    def new_originator_id(self) -> str:
        return f"order/{uuid4()}"

    def create_factory(self: Any) -> InfrastructureFactory[Any]:
        factory = InfrastructureFactory.construct(self.settings)
        self.addCleanup(factory.close)
        return factory


class OnPostgres(OurOwn):
    @pytest.fixture(autouse=True)
    def _settings(self, database_url: str) -> None:
        self.settings = postgres.environment(database_url)


class OnKafka(OurOwn):
    @pytest.fixture(autouse=True)
    def _settings(self, kafka_bootstrap: str, network: str) -> None:
        self.settings = kafka.environment(KafkaSettings(bootstrap=kafka_bootstrap), network)
        with closing(KafkaAdminClient(bootstrap_servers=kafka_bootstrap)) as admin:
            admin.create_topics([NewTopic(f"onebook.{network}.{SNAPSHOTS}", 1, 1)])


class Snapshots:
    def create_recorder(self: Any):
        return self.create_factory().aggregate_recorder(SNAPSHOTS)


class Aggregates:
    def create_recorder(self: Any):
        return self.create_factory().aggregate_recorder()


class Applications:
    def create_recorder(self: Any):
        return self.create_factory().application_recorder()

    def test_insert_subscribe(self: Any):
        self.optional_test_insert_subscribe()


class Trackings:
    def create_recorder(self: Any):
        return self.create_factory().tracking_recorder()


class Processes:
    def create_recorder(self: Any):
        return self.create_factory().process_recorder()


class ProcessesAsApplications(Processes):
    def test_insert_subscribe(self: Any):
        self.optional_test_insert_subscribe()


class TestSnapshotsAreRecordedOnPostgres(OnPostgres, Snapshots, shipped.AggregateRecorderTestCase):
    pass


class TestEventsOfAggregatesAreRecordedOnPostgres(
    OnPostgres, Aggregates, shipped.AggregateRecorderTestCase
):
    pass


class TestEventsAreRecordedOnPostgres(
    OnPostgres, Applications, shipped.ApplicationRecorderTestCase
):
    pass


class TestEventsAreRecordedByAProcessOnPostgres(
    OnPostgres, ProcessesAsApplications, shipped.ApplicationRecorderTestCase
):
    pass


class TestEventsAreRecordedWithTrackingOnPostgres(
    OnPostgres, Processes, shipped.ProcessRecorderTestCase
):
    pass


class TestTrackingIsRecordedOnPostgres(OnPostgres, Trackings, shipped.TrackingRecorderTestCase):
    pass


class TestTrackingIsRecordedByAProcessOnPostgres(
    OnPostgres, Processes, shipped.TrackingRecorderTestCase
):
    pass


class TestInsertsDoNotInterleaveOnPostgres(
    OnPostgres, Processes, shipped.NonInterleavingNotificationIDsBaseCase
):
    pass


class TestSnapshotsAreRecordedOnKafka(OnKafka, Snapshots, shipped.AggregateRecorderTestCase):
    pass


class TestEventsOfAggregatesAreRecordedOnKafka(
    OnKafka, Aggregates, shipped.AggregateRecorderTestCase
):
    pass


class TestEventsAreRecordedOnKafka(OnKafka, Applications, shipped.ApplicationRecorderTestCase):
    pass


class TestEventsAreRecordedByAProcessOnKafka(
    OnKafka, ProcessesAsApplications, shipped.ApplicationRecorderTestCase
):
    pass


class TestEventsAreRecordedWithTrackingOnKafka(OnKafka, Processes, shipped.ProcessRecorderTestCase):
    pass


class TestTrackingIsRecordedOnKafka(OnKafka, Trackings, shipped.TrackingRecorderTestCase):
    pass


class TestTrackingIsRecordedByAProcessOnKafka(OnKafka, Processes, shipped.TrackingRecorderTestCase):
    pass


class TestInsertsDoNotInterleaveOnKafka(
    OnKafka, Processes, shipped.NonInterleavingNotificationIDsBaseCase
):
    pass


class TrackingOnPostgres(PostgresTrackingRecorder):
    pass


class TrackingOnKafka(on_kafka.TrackingRecorder):
    pass


class Factories(OurOwn):
    def setUp(self: Any):
        self.env = Environment("TestCase", self.settings)
        super().setUp()


class TestTheFactoryMakesOurRecordersOnPostgres(
    Factories, OnPostgres, shipped.InfrastructureFactoryTestCase
):
    def expected_factory_class(self):
        return postgres.Factory

    def expected_aggregate_recorder_class(self):
        return PostgresAggregateRecorder

    def expected_application_recorder_class(self):
        return postgres.ApplicationRecorder

    def expected_tracking_recorder_class(self):
        return PostgresTrackingRecorder

    def tracking_recorder_subclass(self):
        return TrackingOnPostgres

    def expected_process_recorder_class(self):
        return postgres.ProcessRecorder


class TestTheFactoryMakesOurRecordersOnKafka(
    Factories, OnKafka, shipped.InfrastructureFactoryTestCase
):
    def expected_factory_class(self):
        return kafka.Factory

    def expected_aggregate_recorder_class(self):
        return on_kafka.AggregateRecorder

    def expected_application_recorder_class(self):
        return on_kafka.ApplicationRecorder

    def expected_tracking_recorder_class(self):
        return on_kafka.TrackingRecorder

    def tracking_recorder_subclass(self):
        return TrackingOnKafka

    def expected_process_recorder_class(self):
        return on_kafka.ProcessRecorder
