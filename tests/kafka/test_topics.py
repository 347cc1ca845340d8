"""The topics of a network: made rightly, and looked at before anybody trusts them."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from kafka.admin import ConfigResource, KafkaAdminClient
from kafka_tools import Shell
from processes import wait_until
from real_kafka import jars_or_skip
from typer.testing import CliRunner

from api.cli import app
from cluster.kafka import KafkaCluster, running_kafka
from ledger.kafka import admin as admins
from ledger.kafka import topics
from ledger.kafka.admin import ELIGIBLE_LEADERS, Topic, TopicsFailed
from ledger.kafka.log import LogUnavailable
from ledger.kafka.settings import MAX_RECORD_BYTES, KafkaSettings
from ledger.kafka.topic_rules import Finding
from ledger.kafka.topics import (
    TopicsDangerous,
    dead_letters_topic,
    feed_topic,
    ledger_topic,
    requests_topic,
)

DAY_MS = 86_400_000
LEDGER_DANGERS = [
    ("retention.ms", "604800000"),
    ("retention.bytes", "1000000000"),
    ("cleanup.policy", "compact"),
    ("cleanup.policy", "compact,delete"),
    ("unclean.leader.election.enable", "true"),
    ("message.timestamp.type", "CreateTime"),
    ("max.message.bytes", "1048588"),
]
INPUT_DANGERS = [
    ("retention.ms", str(30 * DAY_MS - 1)),
    ("retention.bytes", "1000000000"),
    ("cleanup.policy", "compact"),
    ("unclean.leader.election.enable", "true"),
    ("max.message.bytes", "1048588"),
]
EVENTS_DANGERS = [
    ("cleanup.policy", "compact"),
    ("retention.ms", str(30 * DAY_MS - 1)),
    ("retention.bytes", "1000000000"),
    ("unclean.leader.election.enable", "true"),
    ("max.message.bytes", "1048588"),
    ("message.timestamp.after.max.ms", "3600000"),
]
AVAILABILITY_DANGERS = [
    ("cleanup.policy", "delete"),
    ("cleanup.policy", "compact,delete"),
    ("unclean.leader.election.enable", "true"),
]
FEED_DANGERS = [("events", *planted) for planted in EVENTS_DANGERS] + [
    ("availability", *planted) for planted in AVAILABILITY_DANGERS
]


def a_network() -> str:
    return f"t-{uuid4().hex[:12]}"


@pytest.fixture
def kafka(kafka_bootstrap: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=kafka_bootstrap)


@pytest.fixture
def net(kafka: KafkaSettings) -> str:
    """A network made by the code under test, on one broker."""
    network = a_network()
    topics.create(kafka, network, ["web"], dev=True)
    return network


@pytest.fixture
def shell(tmp_path: Path, kafka_bootstrap: str) -> Shell:
    jars_or_skip()
    return Shell(tmp_path, kafka_bootstrap)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    jars_or_skip()
    with running_kafka(tmp_path_factory.mktemp("three"), 3) as cluster:
        yield cluster


def client(kafka: KafkaSettings) -> closing[KafkaAdminClient]:
    return closing(KafkaAdminClient(bootstrap_servers=kafka.servers))


def plant(kafka: KafkaSettings, topic: str, setting: str, value: str) -> None:
    with client(kafka) as admin:

        def altered() -> bool:
            try:
                admin.alter_configs([ConfigResource("TOPIC", topic, {setting: value})])
            except ValueError:  # the broker has not heard of the new topic's settings yet
                return False
            return True

        wait_until(altered)
    wait_until(lambda: look_at(kafka, topic).settings[setting] == value)


def look_at(kafka: KafkaSettings, topic: str) -> Topic:
    with admins.connected(kafka) as admin:
        return admin.describe([topic])[topic]


def dangers(kafka: KafkaSettings, network: str, *, dev: bool = True) -> list[Finding]:
    found = topics.check(kafka, network, dev=dev)
    return [finding for finding in found if finding.severity == "danger"]


def only_danger(kafka: KafkaSettings, network: str, *, dev: bool = True) -> Finding:
    (found,) = dangers(kafka, network, dev=dev)
    return found


def mend(shell: Shell, finding: Finding) -> None:
    assert finding.command is not None
    shell.run(finding.command)


def test_a_topic_says_whose_channel_it_is() -> None:
    assert topics.channel_of("main", "onebook.main.requests.web-2") == "web-2"
    for other in (
        "onebook.other.requests.web",
        "onebook.main.ledger",
        "onebook.main.requests.",
        "onebook.main.requests.Web",
        "onebook.main.requests.a.b",
        "onebook.main.requests.onebook",  # the ledger's own channel
        "web",
    ):
        assert topics.channel_of("main", other) is None, other


def test_a_new_network_has_a_ledger_that_keeps_everything(kafka: KafkaSettings, net: str) -> None:
    ledger = look_at(kafka, ledger_topic(net))
    assert len(ledger.partitions) == 1
    kept = {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "compression.type": "producer",
    }
    assert {name: ledger.settings[name] for name in kept} == kept
    for name in (requests_topic(net, "web"), dead_letters_topic(net)):
        other = look_at(kafka, name)
        assert len(other.partitions) == 1
        assert other.settings["retention.ms"] == other.settings["retention.bytes"] == "-1"
    feeds = {feed: look_at(kafka, feed_topic(net, feed)) for feed in topics.FEEDS}
    assert [len(feed.partitions) for feed in feeds.values()] == [1, 1]
    assert feeds["events"].settings["cleanup.policy"] == "delete"
    assert feeds["availability"].settings["cleanup.policy"] == "compact"
    assert topics.check(kafka, net, dev=True) == []
    topics.refuse_if_dangerous(kafka, net, dev=True, feeds=topics.FEEDS)


def test_making_the_topics_again_changes_nothing_and_adds_a_new_channel(
    kafka: KafkaSettings, net: str
) -> None:
    plant(kafka, ledger_topic(net), "segment.ms", "3600000")
    made = topics.create(kafka, net, ["web", "till", "till"], dev=True)
    assert [each.topic for each in made if each.created] == [requests_topic(net, "till")]
    assert len(made) == 6
    assert look_at(kafka, ledger_topic(net)).settings["segment.ms"] == "3600000"
    assert topics.channels(kafka, net) == ["till", "web"]
    assert net in topics.networks(kafka)


@pytest.mark.parametrize(("setting", "value"), LEDGER_DANGERS)
def test_a_ledger_that_may_lose_blocks_is_found_and_the_command_mends_it(
    kafka: KafkaSettings, net: str, shell: Shell, setting: str, value: str
) -> None:
    plant(kafka, ledger_topic(net), setting, value)
    found = only_danger(kafka, net)
    assert found.topic == ledger_topic(net)
    assert found.wrong.startswith(f"{setting} is {value}, not ")
    mend(shell, found)
    wait_until(lambda: topics.check(kafka, net, dev=True) == [])


@pytest.mark.parametrize("name", [requests_topic, dead_letters_topic])
@pytest.mark.parametrize(("setting", "value"), INPUT_DANGERS)
def test_input_that_may_be_lost_is_found(
    kafka: KafkaSettings, net: str, setting: str, value: str, name: object
) -> None:
    topic = requests_topic(net, "web") if name is requests_topic else dead_letters_topic(net)
    plant(kafka, topic, setting, value)
    found = only_danger(kafka, net)
    assert found.topic == topic
    assert found.wrong.startswith(f"{setting} is {value}, not ")


@pytest.mark.parametrize(("feed", "setting", "value"), FEED_DANGERS)
def test_a_feed_that_may_lose_what_it_says_stops_its_publisher_and_nobody_else(
    kafka: KafkaSettings, net: str, feed: topics.Feed, setting: str, value: str
) -> None:
    plant(kafka, feed_topic(net, feed), setting, value)
    found = only_danger(kafka, net)
    assert found.topic == feed_topic(net, feed)
    assert found.wrong.startswith(f"{setting} is {value}, not ")
    topics.refuse_if_dangerous(kafka, net, dev=True)
    [other] = set(topics.FEEDS) - {feed}
    topics.refuse_if_dangerous(kafka, net, dev=True, feeds=[other])
    with pytest.raises(TopicsDangerous, match=f"{setting} is "):
        topics.refuse_if_dangerous(kafka, net, dev=True, feeds=[feed])


def test_a_network_without_feeds_goes_on_and_is_told_how_to_have_them(
    kafka: KafkaSettings, net: str, shell: Shell
) -> None:
    with client(kafka) as admin:
        admin.delete_topics([feed_topic(net, feed) for feed in topics.FEEDS])
        wait_until(lambda: feed_topic(net, "events") not in admin.list_topics())
    found = topics.check(kafka, net, dev=True)
    assert [each.severity for each in found] == ["note", "note"]
    topics.refuse_if_dangerous(kafka, net, dev=True)
    with pytest.raises(TopicsDangerous, match="there is no such topic; events cannot be"):
        topics.refuse_if_dangerous(kafka, net, dev=True, feeds=["events"])
    mend(shell, found[0])
    wait_until(lambda: topics.check(kafka, net, dev=True) == [])


@pytest.mark.parametrize("value", ["producer", "gzip", "zstd"])
def test_requests_that_writers_may_not_be_able_to_unpack_are_a_danger(
    kafka: KafkaSettings, net: str, value: str
) -> None:
    assert look_at(kafka, requests_topic(net, "web")).settings["compression.type"] == "uncompressed"
    plant(kafka, requests_topic(net, "web"), "compression.type", value)
    found = only_danger(kafka, net)
    assert found.wrong.startswith(f"compression.type is {value}, not uncompressed")


def test_requests_may_be_kept_for_thirty_days_only(kafka: KafkaSettings, net: str) -> None:
    plant(kafka, requests_topic(net, "web"), "retention.ms", str(30 * DAY_MS))
    assert topics.check(kafka, net, dev=True) == []


def test_a_broker_that_compresses_again_is_slow_but_no_danger(
    kafka: KafkaSettings, net: str
) -> None:
    plant(kafka, ledger_topic(net), "compression.type", "gzip")
    (found,) = topics.check(kafka, net, dev=True)
    assert found.severity == "note"
    topics.refuse_if_dangerous(kafka, net, dev=True)


def test_a_second_partition_is_found_and_the_command_makes_the_topic_anew(
    kafka: KafkaSettings, net: str, shell: Shell
) -> None:
    topic = requests_topic(net, "web")
    with client(kafka) as admin:
        admin.create_partitions({topic: 2})
    wait_until(lambda: len(look_at(kafka, topic).partitions) == 2)
    found = only_danger(kafka, net)
    assert (found.topic, found.wrong) == (topic, "it has 2 partitions, not 1")
    mend(shell, found)
    wait_until(lambda: topics.check(kafka, net, dev=True) == [])


def test_a_missing_topic_is_found_and_the_command_makes_it(
    kafka: KafkaSettings, shell: Shell
) -> None:
    network = a_network()
    found = dangers(kafka, network)
    assert [each.topic for each in found] == [ledger_topic(network), dead_letters_topic(network)]
    mend(shell, found[0])
    wait_until(lambda: topics.check(kafka, network, dev=True) == [])


def test_nobody_begins_on_a_dangerous_topic_and_all_dangers_are_told(
    kafka: KafkaSettings, net: str
) -> None:
    plant(kafka, ledger_topic(net), "retention.ms", "1000")
    plant(kafka, ledger_topic(net), "message.timestamp.type", "CreateTime")
    with pytest.raises(TopicsDangerous) as refused:
        topics.refuse_if_dangerous(kafka, net, dev=True)
    told = str(refused.value)
    assert "retention.ms is 1000, not -1" in told
    assert "--add-config message.timestamp.type=LogAppendTime" in told
    assert len(refused.value.findings) == 2


def test_one_copy_is_a_danger_unless_for_a_trial(kafka: KafkaSettings, net: str) -> None:
    found = [each.wrong for each in dangers(kafka, net, dev=False)]
    assert found.count("it has 1 replica, not 3") == 5
    with pytest.raises(TopicsFailed, match=r"replication 1 is not 3 to 9: .*--dev"):
        topics.create(kafka, a_network(), [], 1)


def test_a_topic_that_is_named_after_no_channel_is_pointed_out(
    kafka: KafkaSettings, net: str
) -> None:
    stray = requests_topic(net, "Web")
    with client(kafka) as admin:
        admin.create_topics({stray: {"num_partitions": 1, "replication_factor": 1}})
    wait_until(lambda: bool(topics.check(kafka, net, dev=True)))
    (found,) = topics.check(kafka, net, dev=True)
    assert (found.topic, found.severity) == (stray, "note")
    with pytest.raises(TopicsFailed, match="'Web' is not a channel"):
        topics.create(kafka, net, ["Web"], dev=True)


def test_a_new_channel_gets_its_topic_when_it_first_sends(kafka: KafkaSettings, net: str) -> None:
    assert topics.ensure_requests_topic(kafka, net, "kiosk")
    assert not topics.ensure_requests_topic(kafka, net, "kiosk")
    assert topics.check(kafka, net, dev=True) == []
    nowhere = a_network()
    with pytest.raises(TopicsFailed, match=f"onebook topics create --network {nowhere}`"):
        topics.ensure_requests_topic(kafka, nowhere, "kiosk")


def test_without_a_broker_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admins, "CONNECT_LIMIT_S", 0.3)
    with pytest.raises(LogUnavailable, match=r"no broker of 127\.0\.0\.1:1 answers"):
        topics.check(KafkaSettings(bootstrap="127.0.0.1:1"), "main")


def test_three_brokers_keep_a_ledger_without_any_finding(three: KafkaCluster) -> None:
    kafka, network = KafkaSettings(bootstrap=three.bootstrap), a_network()
    topics.create(kafka, network, ["web"])
    assert topics.check(kafka, network) == []
    assert topics.ensure_requests_topic(kafka, network, "till")
    for name in (
        ledger_topic(network),
        dead_letters_topic(network),
        requests_topic(network, "web"),
        requests_topic(network, "till"),
    ):
        found = look_at(kafka, name)
        assert sorted(found.partitions[0].replicas) == [1, 2, 3]
        assert found.settings["min.insync.replicas"] == "2"


def test_a_ledger_on_one_broker_of_three_is_found_and_the_commands_spread_it(
    three: KafkaCluster, tmp_path: Path
) -> None:
    kafka, network = KafkaSettings(bootstrap=three.bootstrap), a_network()
    topics.create(kafka, network, [])
    with client(kafka) as admin:
        admin.delete_topics([ledger_topic(network)])
        wait_until(lambda: ledger_topic(network) not in admin.list_topics())
    topics.create(kafka, network, [], dev=True)
    found = dangers(kafka, network, dev=False)
    assert [(each.topic, each.wrong) for each in found] == [
        (ledger_topic(network), "it has 1 replica, not 3"),
        (ledger_topic(network), "min.insync.replicas is 1, not 2"),
    ]
    shell = Shell(tmp_path, three.bootstrap)
    for each in found:
        mend(shell, each)
    wait_until(lambda: topics.check(kafka, network) == [], limit_s=30.0)


def test_a_broker_that_is_down_is_pointed_out_and_stops_nobody_from_beginning(
    three: KafkaCluster,
) -> None:
    kafka, network = KafkaSettings(bootstrap=three.bootstrap), a_network()
    topics.create(kafka, network, [])
    three.brokers[2].kill()
    try:
        wait_until(lambda: bool(topics.check(kafka, network)), limit_s=30.0)
        found = topics.check(kafka, network)
        assert {each.severity for each in found} == {"note"}
        assert "2 replicas of 3 in sync now" in {each.wrong for each in found}
        topics.refuse_if_dangerous(kafka, network)
    finally:
        three.brokers[2].start()
    wait_until(lambda: topics.check(kafka, network) == [], limit_s=30.0)


def test_a_cluster_that_forgets_its_last_replica_is_found_and_the_command_mends_it(
    three: KafkaCluster, tmp_path: Path
) -> None:
    kafka, network = KafkaSettings(bootstrap=three.bootstrap), a_network()
    topics.create(kafka, network, [])
    with client(kafka) as admin:
        admin.update_features({ELIGIBLE_LEADERS: ("SAFE_DOWNGRADE", 0)})
    wait_until(lambda: bool(topics.check(kafka, network)))
    found = only_danger(kafka, network, dev=False)
    assert (found.topic, found.wrong) == (None, f"its feature {ELIGIBLE_LEADERS} is off")
    mend(Shell(tmp_path, three.bootstrap), found)
    wait_until(lambda: topics.check(kafka, network) == [])


def onebook(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["topics", *arguments])
    return done.exit_code, done.stdout


def test_the_command_makes_topics_and_says_by_its_exit_code_whether_they_are_safe(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEBOOK_KAFKA_BOOTSTRAP", kafka.bootstrap)
    network = a_network()
    named = ("--network", network)
    code, said = onebook("create", *named, "--channel", "web", "--dev", "--json")
    assert code == 0
    assert [each["created"] for each in json.loads(said)["topics"]] == [True] * 5
    assert onebook("check", *named, "--dev") == (0, f"network {network}: 0 dangers, 0 notes\n")
    plant(kafka, ledger_topic(network), "retention.ms", "1000")
    code, said = onebook("check", *named, "--dev")
    assert code == 1
    assert "--add-config retention.ms=-1\n" in said
    assert f"network {network}: 1 dangers, 0 notes\n" in said
    code, said = onebook("check", *named, "--dev", "--json")
    assert code == 1
    (found,) = json.loads(said)["findings"]
    assert (found["severity"], found["topic"]) == ("danger", ledger_topic(network))
