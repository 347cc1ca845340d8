"""The topics of a network: their names, how they are made, and whether they are safe to use."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, get_args

import msgspec

from ledger.door.rules import CHANNEL
from ledger.kafka.admin import Admin, NewTopic, Topic, TopicsDenied, TopicsFailed, connected
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topic_rules import (
    MIN_REPLICAS,
    NO_TOPIC,
    Cluster,
    Finding,
    judge,
    judge_cluster,
    missing,
    new_topic,
)
from ledger.kafka.topic_settings import Feed, Kind, Severity

DEV_REPLICAS: Final = 1
MAX_REPLICAS: Final = 9
FEEDS: Final[tuple[Feed, ...]] = get_args(Feed)
MAX_LOOKS: Final = 10
LOOK_PAUSE_S: Final = 0.1
_LEDGER = re.compile(r"onebook\.([a-z0-9-]+)\.ledger").fullmatch


class TopicsDangerous(TopicsFailed):
    """Topics are missing or would lose what they are given: no process may begin on them."""

    def __init__(self, network: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        listed = "\n".join(f"- {finding}" for finding in findings)
        super().__init__(
            f"the topics of network {network} are not safe to begin on:\n{listed}\n"
            f"`onebook topics check --network {network}` looks again"
        )


class Made(msgspec.Struct, frozen=True):
    """A topic, and whether it is new."""

    topic: str
    created: bool


def ledger_topic(network: str) -> str:
    """The topic that is the network's ledger."""
    return f"onebook.{network}.ledger"


def requests_topic(network: str, channel: str) -> str:
    """The topic that the channel writes its requests to."""
    return f"onebook.{network}.requests.{channel}"


def dead_letters_topic(network: str) -> str:
    """The topic of the raw bytes that could not be read as requests."""
    return f"onebook.{network}.dead-letters"


def feed_topic(network: str, feed: Feed) -> str:
    """The topic that others read: of the network's events, or of what channels may sell."""
    return f"onebook.{network}.{feed}"


def channel_of(network: str, topic: str) -> str | None:
    """The channel whose requests the topic holds; None if that is not its name."""
    prefix = requests_topic(network, "")
    channel = topic.removeprefix(prefix)
    return channel if topic.startswith(prefix) and CHANNEL.holds(channel) else None


def networks(settings: KafkaSettings) -> list[str]:
    """The networks whose ledgers this user may know of, in order."""
    with connected(settings) as admin:
        return [found[1] for name in admin.names() if (found := _LEDGER(name))]


def channels(settings: KafkaSettings, network: str) -> list[str]:
    """The channels of the network that have a requests topic, in order."""
    with connected(settings) as admin:
        return _channels(network, admin.names())


def create(
    settings: KafkaSettings,
    network: str,
    channels: Iterable[str],
    replication: int | None = None,
    *,
    dev: bool = False,
) -> list[Made]:
    """Make those of the network's topics that are not there; the others stay as they are.

    `replication` is at least MIN_REPLICAS, and that unless given; with `dev` one will do. Raises
    TopicsFailed, TopicsDenied if this user may not, LogUnavailable if no broker answers.
    """
    copies = replication or (DEV_REPLICAS if dev else MIN_REPLICAS)
    _check_replication(copies, dev=dev)
    topics = [
        new_topic("ledger", ledger_topic(network), copies),
        new_topic("dead-letters", dead_letters_topic(network), copies),
        *(new_topic(feed, feed_topic(network, feed), copies) for feed in FEEDS),
        *(_of_channel(network, channel, copies) for channel in dict.fromkeys(channels)),
    ]
    with connected(settings) as admin:
        made = admin.create(topics)
    return [Made(topic.name, made[topic.name]) for topic in topics]


def ensure_requests_topic(settings: KafkaSettings, network: str, channel: str) -> bool:
    """Make the channel's requests topic if it is not there, kept like the ledger; if it is new.

    Raises TopicsDenied if this user may not; its text names the command for one who may. Raises
    TopicsFailed if the network has no ledger, LogUnavailable if no broker answers.
    """
    name, ledger = requests_topic(network, channel), ledger_topic(network)
    by_hand = f"let one who may run `{_create(network, channel)}`"
    with connected(settings) as admin:
        try:
            found = admin.describe([name, ledger])
        except TopicsDenied as denied:
            raise TopicsDenied(f"channel {channel}: {denied}; or {by_hand}") from denied
        if name in found:
            return False
        if ledger not in found:
            raise TopicsFailed(
                f"network {network} has no ledger topic {ledger}: run `{_create(network)}` first"
            )
        copies = len(found[ledger].partitions[0].replicas)
        return _make_for(admin, _of_channel(network, channel, copies), by_hand)


def check(settings: KafkaSettings, network: str, *, dev: bool = False) -> list[Finding]:
    """What is wrong with the network's topics, dangers first; empty if all is well.

    Looks at the ledger, the dead letters, the feeds and every requests topic that this user may
    know of, and at what they actually are. `dev` asks for one copy only.
    Raises TopicsDenied if this user may not look at them, LogUnavailable if no broker answers.
    """
    with connected(settings) as admin:
        cluster = Cluster(settings, network, dev, tuple(admin.brokers()), admin.eligible_leaders())
        found = [*judge_cluster(cluster), *_judge_topics(admin, cluster)]
    return sorted(found, key=lambda finding: finding.severity != "danger")


def refuse_if_dangerous(
    settings: KafkaSettings, network: str, *, dev: bool = False, feeds: Sequence[Feed] = ()
) -> None:
    """Raise TopicsDangerous, with what to change, unless it is safe to begin; and as `check`.

    `feeds` are those that are to be published: they must be there. Others stop nobody.
    """
    published = [feed_topic(network, feed) for feed in feeds]
    others = {feed_topic(network, feed) for feed in FEEDS}.difference(published)
    found = check(settings, network, dev=dev)
    dangers = [each for each in found if each.severity == "danger" and each.topic not in others]
    dangers += [each for each in found if each.wrong == NO_TOPIC and each.topic in published]
    if dangers:
        raise TopicsDangerous(network, dangers)


def _judge_topics(admin: Admin, cluster: Cluster) -> Iterator[Finding]:
    network = cluster.network
    names = admin.names()
    looked_at: list[tuple[Kind, str, str]] = [
        ("ledger", ledger_topic(network), _create(network)),
        ("dead-letters", dead_letters_topic(network), _create(network)),
        *((feed, feed_topic(network, feed), _create(network)) for feed in FEEDS),
    ]
    for channel in _channels(network, names):
        create = _create(network, channel)
        looked_at.append(("requests", requests_topic(network, channel), create))
    found = _described(admin, [name for _, name, _ in looked_at])
    for kind, name, create in looked_at:
        dev = " --dev" if cluster.dev else ""
        if name in found:
            yield from judge(kind, found[name], cluster, create + dev)
        else:
            severity: Severity = "note" if kind in FEEDS else "danger"
            yield missing(name, _MISSING[kind], create + dev, severity)
    yield from _unread(network, names)


def _described(admin: Admin, names: Sequence[str]) -> dict[str, Topic]:
    """Look again where something is missing: a broker may not have heard of a new topic yet."""
    for _ in range(MAX_LOOKS - 1):
        found = admin.describe(names)
        if len(found) == len(names) and all(topic.settings for topic in found.values()):
            return found
        time.sleep(LOOK_PAUSE_S)
    return admin.describe(names)


_MISSING: Final[dict[Kind, str]] = {
    "ledger": "there is nothing to write to",
    "dead-letters": "input that cannot be read has nowhere to go, and the writer stands there",
    "requests": "it was deleted a moment ago",
    "events": "events cannot be published to who reads no ledger",
    "availability": "what channels may sell cannot be published",
}


def _unread(network: str, names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        if name.startswith(requests_topic(network, "")) and channel_of(network, name) is None:
            yield Finding(
                name,
                "note",
                "it is named after no channel",
                "nobody reads what is sent there",
                f"A channel is {CHANNEL.asks}: send to the topic of one",
            )


def _channels(network: str, names: Iterable[str]) -> list[str]:
    return [channel for name in names if (channel := channel_of(network, name)) is not None]


def _of_channel(network: str, channel: str, replication: int) -> NewTopic:
    if not CHANNEL.holds(channel):
        raise TopicsFailed(f"{channel!r} is not a channel: send {CHANNEL.asks}")
    return new_topic("requests", requests_topic(network, channel), replication)


def _make_for(admin: Admin, topic: NewTopic, by_hand: str) -> bool:
    try:
        return admin.create([topic])[topic.name]
    except TopicsDenied as denied:
        raise TopicsDenied(f"this user may not create topic {topic.name}: {by_hand}") from denied


def _check_replication(copies: int, *, dev: bool) -> None:
    least = DEV_REPLICAS if dev else MIN_REPLICAS
    if not least <= copies <= MAX_REPLICAS:
        raise TopicsFailed(
            f"replication {copies} is not {least} to {MAX_REPLICAS}: every record must outlive a "
            f"broker; say --dev for fewer than {MIN_REPLICAS} where nothing of value is kept"
        )


def _create(network: str, channel: str | None = None) -> str:
    named = "" if channel is None else f" --channel {channel}"
    return f"onebook topics create --network {network}{named}"
