"""The test cases that the `eventsourcing` library ships for recorders, unchanged but for hooks."""

from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresTrackingRecorder
from eventsourcing.tests import persistence as shipped
from eventsourcing.utils import Environment

from ledger import postgres


class OnPostgres:
    @pytest.fixture(autouse=True)
    def _settings(self, database_url: str) -> None:
        self.settings = postgres.environment(database_url)

    def new_originator_id(self) -> str:
        return f"order/{uuid4()}"

    def create_factory(self: Any) -> InfrastructureFactory[Any]:
        factory = InfrastructureFactory.construct(self.settings)
        self.addCleanup(factory.close)
        return factory


class TestSnapshotsAreRecorded(OnPostgres, shipped.AggregateRecorderTestCase):
    def create_recorder(self):
        return self.create_factory().aggregate_recorder()


class TestEventsAreRecorded(OnPostgres, shipped.ApplicationRecorderTestCase):
    def create_recorder(self):
        return self.create_factory().application_recorder()

    def test_insert_subscribe(self):
        self.optional_test_insert_subscribe()


class TestEventsAreRecordedWithTracking(OnPostgres, shipped.ProcessRecorderTestCase):
    def create_recorder(self):
        return self.create_factory().process_recorder()


class TestEventsAreRecordedByAProcess(OnPostgres, shipped.ApplicationRecorderTestCase):
    def create_recorder(self):
        return self.create_factory().process_recorder()

    def test_insert_subscribe(self):
        self.optional_test_insert_subscribe()


class TestTrackingIsRecorded(OnPostgres, shipped.TrackingRecorderTestCase):
    def create_recorder(self):
        return self.create_factory().tracking_recorder()


class TestTrackingIsRecordedByAProcess(OnPostgres, shipped.TrackingRecorderTestCase):
    def create_recorder(self):
        return self.create_factory().process_recorder()


class TestInsertsDoNotInterleave(OnPostgres, shipped.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self):
        return self.create_factory().process_recorder()


class TrackingRecorderSubclass(PostgresTrackingRecorder):
    pass


class TestTheFactoryMakesOurRecorders(OnPostgres, shipped.InfrastructureFactoryTestCase):
    def setUp(self):
        self.env = Environment("TestCase", self.settings)
        super().setUp()

    def expected_factory_class(self):
        return postgres.Factory

    def expected_aggregate_recorder_class(self):
        return PostgresAggregateRecorder

    def expected_application_recorder_class(self):
        return postgres.ApplicationRecorder

    def expected_tracking_recorder_class(self):
        return PostgresTrackingRecorder

    def tracking_recorder_subclass(self):
        return TrackingRecorderSubclass

    def expected_process_recorder_class(self):
        return postgres.ProcessRecorder
