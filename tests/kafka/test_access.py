"""A broker that asks who is there: the grants of docs/kafka/security.md, and nothing beyond."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.errors import TopicAuthorizationFailedError
from kafka_tools import Shell
from processes import wait_until
from real_kafka import jars_or_skip

from cluster.kafka import MECHANISM, Access, Setup, running_kafka
from ledger.kafka import admin as admins
from ledger.kafka import topics
from ledger.kafka.admin import TopicsDenied
from ledger.kafka.client import KafkaGroupAppender, KafkaLog, Keyed
from ledger.kafka.log import LogUnavailable
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import dead_letters_topic, feed_topic, ledger_topic, requests_topic

PAGE = Path(__file__).parents[2] / "docs" / "kafka" / "security.md"
NETWORK = "main"
LEDGER = ledger_topic(NETWORK)
WEB = requests_topic(NETWORK, "web")
TILL = requests_topic(NETWORK, "till")
DEAD_LETTERS = dead_letters_topic(NETWORK)
EVENTS = feed_topic(NETWORK, "events")
AVAILABILITY = feed_topic(NETWORK, "availability")
OTHER_LEDGER = ledger_topic("main-2")
TOPICS = (LEDGER, WEB, TILL, DEAD_LETTERS, EVENTS, AVAILABILITY, OTHER_LEDGER)
MAY_WRITE = {
    "web": {WEB},
    "writer": {LEDGER, DEAD_LETTERS},
    "api": {WEB, TILL},
    "projector": set(),
    "clerk": {WEB, TILL},
    "publisher": {EVENTS, AVAILABILITY},
    "lake": set(),
}
MAY_READ = {
    "web": set(),
    "writer": {LEDGER, WEB, TILL},
    "api": {LEDGER},
    "projector": {LEDGER},
    "clerk": {DEAD_LETTERS},
    "publisher": {LEDGER, EVENTS, AVAILABILITY},
    "lake": {EVENTS, AVAILABILITY},
}
ANSWERS_WITHIN_S = 30.0


class Guarded:
    """A broker with users; the password of each is made of its name."""

    def __init__(self, bootstrap: str, shell: Shell) -> None:
        self.bootstrap = bootstrap
        self.shell = shell

    def as_user(self, name: str, password: str | None = None) -> KafkaSettings:
        return KafkaSettings(
            bootstrap=self.bootstrap,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism=MECHANISM,
            sasl_username=name,
            sasl_password=password or password_of(name),
        )


def password_of(name: str) -> str:
    return f"{name}-secret"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One broker on which the page's own commands were run; topics and users are above."""
    jars_or_skip()
    folder = tmp_path_factory.mktemp("guarded")
    users = {name: password_of(name) for name in (*MAY_WRITE, "operator", "stranger")}
    access = Access("admin", password_of("admin"), users)
    with running_kafka(folder, 1, Setup(access=access)) as kafka:
        found = Guarded(kafka.bootstrap, Shell(folder, kafka.bootstrap))
        properties = block("properties").replace("SASL_SSL", "SASL_PLAINTEXT")
        properties = properties.replace("…", password_of("admin"))
        (folder / "client.properties").write_text(properties)
        topics.create(found.as_user("admin"), "main-2", [], dev=True)
        found.shell.run(f"set -e\n{block('sh').replace('localhost:9092', kafka.bootstrap)}")
        wait_until(lambda: may_make_topics(found), ANSWERS_WITHIN_S)
        yield found


def may_make_topics(guarded: Guarded) -> bool:
    """What `operator` is for; grants reach the broker a moment after they are made."""
    try:
        topics.create(guarded.as_user("operator"), NETWORK, ["web", "till"], dev=True)
    except TopicsDenied:
        return False
    return True


def block(language: str) -> str:
    """The page's one block in this language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def may_write(settings: KafkaSettings, topic: str) -> bool:
    """Whether a record gets in by our producer; if not, neither must it by the plainest one."""
    try:
        written(settings, topic)
    except LogUnavailable as error:
        assert "AuthorizationFailed" in repr(error.__cause__), error
    else:
        return True
    plain = KafkaProducer(**settings.client_options(), enable_idempotence=False)
    with closing(plain), pytest.raises(TopicAuthorizationFailedError):
        plain.send(topic, b"{}", key=b"key").get(ANSWERS_WITHIN_S)
    return False


def written(settings: KafkaSettings, topic: str) -> None:
    if topic in (EVENTS, AVAILABILITY):
        with closing(KafkaGroupAppender(settings, topic, None)) as appender:
            appender.append([Keyed(b"key", b"{}")])
    else:
        with closing(KafkaLog(settings, topic).appender()) as appender:
            appender.send(b"{}").result(ANSWERS_WITHIN_S)


def may_read(settings: KafkaSettings, topic: str) -> bool:
    """Whether a reader gets a record; one that does not even see the topic waits for ever."""
    with admins.connected(settings) as admin:
        try:
            admin.describe([topic])
        except TopicsDenied:
            return False
    with closing(KafkaLog(settings, topic).reader()) as reader:
        try:
            wait_until(lambda: bool(reader.poll(1.0)), ANSWERS_WITHIN_S)
        except LogUnavailable as error:
            assert isinstance(error.__cause__, TopicAuthorizationFailedError), error
            return False
        return True


@pytest.mark.parametrize("user", MAY_WRITE)
def test_each_user_writes_its_own_topics_and_no_others(guarded: Guarded, user: str) -> None:
    written = {topic for topic in TOPICS if may_write(guarded.as_user(user), topic)}
    assert written == MAY_WRITE[user]


@pytest.mark.parametrize("user", MAY_READ)
def test_each_user_reads_what_it_is_for_and_nothing_else(guarded: Guarded, user: str) -> None:
    for topic in TOPICS:
        assert may_write(guarded.as_user("admin"), topic)  # there is something to read
    read = {topic for topic in TOPICS if may_read(guarded.as_user(user), topic)}
    assert read == MAY_READ[user]


@pytest.mark.parametrize("user", ["operator", "writer", "api", "projector", "publisher"])
def test_who_begins_on_the_topics_may_look_at_them_first(guarded: Guarded, user: str) -> None:
    assert topics.check(guarded.as_user(user), NETWORK, dev=True) == []


@pytest.mark.parametrize("user", ["web", "stranger"])
def test_who_may_not_look_at_the_topics_is_told_what_to_ask_for(
    guarded: Guarded, user: str
) -> None:
    with pytest.raises(TopicsDenied, match=r"grant it Describe and DescribeConfigs"):
        topics.check(guarded.as_user(user), NETWORK, dev=True)


def test_who_may_see_a_topic_but_not_its_settings_does_not_trust_it(guarded: Guarded) -> None:
    command = (
        f"kafka-acls.sh --bootstrap-server {guarded.bootstrap} --command-config client.properties"
    )
    guarded.shell.run(
        f"{command} --add --allow-principal User:stranger --operation Describe "
        f"--resource-pattern-type prefixed --topic onebook.{NETWORK}."
    )
    stranger = guarded.as_user("stranger")
    wait_until(lambda: may_look(stranger), ANSWERS_WITHIN_S)
    found = topics.check(stranger, NETWORK, dev=True)
    assert {each.topic for each in found} == set(TOPICS) - {OTHER_LEDGER}
    assert {each.wrong for each in found} == {"its settings may not be read by this user"}
    for each in found:
        assert each.command is not None
        guarded.shell.run(each.command)
    wait_until(lambda: topics.check(stranger, NETWORK, dev=True) == [], ANSWERS_WITHIN_S)


def may_look(settings: KafkaSettings) -> bool:
    try:
        topics.check(settings, NETWORK, dev=True)
    except TopicsDenied:
        return False
    return True


def test_the_api_makes_a_new_channels_topic_and_a_channel_may_not(guarded: Guarded) -> None:
    assert topics.ensure_requests_topic(guarded.as_user("api"), NETWORK, "kiosk")
    by_hand = f"onebook topics create --network {NETWORK} --channel stall`"
    for user in ("web", "writer"):
        with pytest.raises(TopicsDenied, match=by_hand):
            topics.ensure_requests_topic(guarded.as_user(user), NETWORK, "stall")
    assert "stall" not in topics.channels(guarded.as_user("admin"), NETWORK)


def test_who_may_not_make_topics_is_told_so(guarded: Guarded) -> None:
    with pytest.raises(TopicsDenied, match=r"may not create topic onebook\.main-3\."):
        topics.create(guarded.as_user("operator"), "main-3", [], dev=True)


def test_a_wrong_password_is_not_let_in(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admins, "CONNECT_LIMIT_S", 2.0)
    with pytest.raises(LogUnavailable, match="answers user 'writer' by SASL_PLAINTEXT") as refused:
        topics.check(guarded.as_user("writer", "guessed"), NETWORK, dev=True)
    assert "guessed" not in str(refused.value)
