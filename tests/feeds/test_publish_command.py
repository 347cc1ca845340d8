"""What `onebook publish` says when it cannot begin, or cannot go on."""

from feeds import Fed, publishing
from given import Shop
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from served import onebook

from ledger.kafka.topics import feed_topic


def run(bootstrap: str, network: str, *words: str, **settings: str):
    given = {"ONEBOOK_KAFKA_BOOTSTRAP": bootstrap, "ONEBOOK_KAFKA_DEV": "1", **settings}
    return onebook("publish", *words, "--network", network, **given)


def test_without_kafka_there_is_nowhere_to_publish():
    ended = onebook("publish")
    assert ended.returncode == 2
    assert "ONEBOOK_KAFKA_BOOTSTRAP is not set" in ended.stderr


def test_availability_asks_for_the_postgresql_of_the_views(kafka_bootstrap: str, network: str):
    for words in ((), ("availability",)):
        ended = run(kafka_bootstrap, network, *words)
        assert ended.returncode == 2
        assert "ONEBOOK_DATABASE_URL is not set" in ended.stderr
        assert "onebook publish events" in ended.stderr


def test_a_feed_that_there_is_not_is_refused_with_those_that_there_are(
    kafka_bootstrap: str, network: str
):
    ended = run(kafka_bootstrap, network, "orders")
    assert ended.returncode == 2
    assert "'orders'" in ended.stderr


def test_a_missing_topic_is_named_with_the_command_that_makes_it(
    kafka_bootstrap: str, network: str
):
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    admin.delete_topics([feed_topic(network, "events")])
    admin.close()
    ended = run(kafka_bootstrap, network, "events")
    assert ended.returncode == 2
    assert f"onebook.{network}.events: there is no such topic" in ended.stderr
    assert f"onebook topics create --network {network}" in ended.stderr


def test_a_process_that_cannot_go_on_says_what_to_do_and_ends(fed: Fed, days: Shop):
    fed.tell(days, until=30)
    with publishing(fed, "events") as process:
        assert process.ready()["topics"] == [fed.topic("events")]
        assert process.stop() == 0
    admin = KafkaAdminClient(**fed.settings.client_options())
    admin.delete_records({TopicPartition(fed.topic("events"), 0): 30})
    admin.close()
    ended = run(fed.settings.bootstrap, fed.network, "events")
    assert ended.returncode == 2
    assert "delete the topic" in ended.stderr
    assert "Traceback" not in ended.stderr
