"""How the topics of a network must be kept, why, and what to run where one is not.

Pure: what a topic is was asked before (`ledger.kafka.admin`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

import msgspec

from ledger.kafka.admin import ELIGIBLE_LEADERS, NOBODY, EligibleLeaders, NewTopic, Topic
from ledger.kafka.settings import MAX_RECORD_BYTES, KafkaSettings

MIN_REPLICAS: Final = 3
MIN_IN_SYNC: Final = 2
MIN_RETENTION_DAYS: Final = 30
"""Of requests and dead letters, if they are not kept for ever."""
_DAY_MS: Final = 24 * 60 * 60 * 1_000
_FOR_EVER: Final = "-1"

Severity = Literal["danger", "note"]
Kind = Literal["ledger", "requests", "dead-letters"]


class Finding(msgspec.Struct, frozen=True):
    """Something wrong with a topic (with the whole cluster if `topic` is None).

    With a `danger` no process of the network starts. `command` is what to run, if a command does
    it; `fix` says it in words.
    """

    topic: str | None
    severity: Severity
    wrong: str
    why: str
    fix: str
    command: str | None = None

    def __str__(self) -> str:
        run = f": {self.command}" if self.command else ""
        return f"{self.topic or 'the cluster'}: {self.wrong}; {self.why}. {self.fix}{run}"


class Cluster(msgspec.Struct, frozen=True):
    """What a judgement needs to know beside the topic.

    `dev`: one copy is enough, as on a laptop. `brokers`: ids of those that take part.
    """

    settings: KafkaSettings
    network: str
    dev: bool
    brokers: tuple[int, ...]
    eligible_leaders: EligibleLeaders


class Rule(msgspec.Struct, frozen=True):
    """What one setting of a topic must be: what it is created with, and what else will do."""

    setting: str
    wanted: str
    why: str
    severity: Severity = "danger"
    will_do: Callable[[str], bool] | None = None

    def holds(self, value: str) -> bool:
        """Whether this value will do."""
        return value == self.wanted or (self.will_do is not None and self.will_do(value))


def _at_least(limit: int) -> Callable[[str], bool]:
    return lambda value: int(value) >= limit


_IN_SYNC = Rule(
    "min.insync.replicas",
    str(MIN_IN_SYNC),
    "what was acknowledged may be on one disk alone, and is lost with it",
    will_do=_at_least(MIN_IN_SYNC),
)
_ANY_KIND = (
    Rule(
        "cleanup.policy",
        "delete",
        "compaction takes no records without a key, as ours are, and removes others",
    ),
    Rule(
        "unclean.leader.election.enable",
        "false",
        "a broker that missed acknowledged records may come to lead, and they are gone",
    ),
)
_LEDGER_RULES = (
    Rule(
        "retention.ms",
        _FOR_EVER,
        "Kafka deletes the oldest blocks, and no reader can begin without them",
    ),
    Rule(
        "retention.bytes",
        _FOR_EVER,
        "Kafka deletes the oldest blocks, and no reader can begin without them",
    ),
    Rule(
        "max.message.bytes",
        str(MAX_RECORD_BYTES),
        "the block of one large request does not fit, and the writer stands there for good",
        will_do=_at_least(MAX_RECORD_BYTES),
    ),
    Rule(
        "message.timestamp.type",
        "LogAppendTime",
        "a writer proves its clock by the broker's stamp, and would be shown its own",
    ),
    Rule(
        "compression.type",
        "producer",
        "the broker compresses again what the writer has compressed, which costs time",
        severity="note",
    ),
)


def _input_rules(lost: str, too_large: str) -> tuple[Rule, ...]:
    return (
        Rule(
            "retention.ms",
            _FOR_EVER,
            f"{lost}; at least {MIN_RETENTION_DAYS} days will do",
            will_do=_at_least(MIN_RETENTION_DAYS * _DAY_MS),
        ),
        Rule("retention.bytes", _FOR_EVER, lost),
        Rule(
            "max.message.bytes",
            str(MAX_RECORD_BYTES),
            too_large,
            will_do=_at_least(MAX_RECORD_BYTES),
        ),
    )


RULES: Final[Mapping[Kind, tuple[Rule, ...]]] = {
    "ledger": (*_ANY_KIND, *_LEDGER_RULES),
    "requests": (
        *_ANY_KIND,
        *_input_rules(
            "Kafka deletes requests, also those that no writer has read yet",
            "a large request that the API has taken does not fit, and cannot be decided",
        ),
        Rule(
            "compression.type",
            "uncompressed",
            "one record compressed as no writer can read stops all channels, and a small one may "
            "be gigabytes unpacked; brokers that unpack it refuse what is too large",
        ),
    ),
    "dead-letters": (
        *_ANY_KIND,
        *_input_rules(
            "Kafka deletes what could not be read, also before anybody has looked at it",
            "input that cannot be read may not fit, and the writer stands there for good",
        ),
    ),
}
"""Beside these, `min.insync.replicas`, which depends on the number of replicas."""


def new_topic(kind: Kind, name: str, replication: int) -> NewTopic:
    """The topic as it is to be created."""
    wanted = {rule.setting: rule.wanted for rule in RULES[kind]}
    in_sync = str(min(MIN_IN_SYNC, replication))
    return NewTopic(name, replication, {**wanted, _IN_SYNC.setting: in_sync})


def judge(kind: Kind, topic: Topic, cluster: Cluster, create: str) -> Iterator[Finding]:
    """What is wrong with a topic; `create` is the command that makes it."""
    yield from _partitions(topic, cluster, create)
    yield from _replicas(topic, cluster)
    yield from _in_sync_now(topic)
    yield from _settings(kind, topic, cluster)


def judge_cluster(cluster: Cluster) -> Iterator[Finding]:
    """What is wrong with the cluster: without eligible leaders a double failure loses records."""
    if cluster.dev or cluster.eligible_leaders == "on":
        return
    why = "when the last replica in sync fails uncleanly, acknowledged records are lost"
    if cluster.eligible_leaders == "unknown":
        wrong = f"its brokers do not know the feature {ELIGIBLE_LEADERS}"
        yield Finding(None, "note", wrong, why, "Upgrade them to Kafka 4.1 or later")
        return
    yield Finding(
        None,
        "danger",
        f"its feature {ELIGIBLE_LEADERS} is off",
        why,
        "Turn it on",
        _tool(cluster, "kafka-features.sh", f"upgrade --feature {ELIGIBLE_LEADERS}=1"),
    )


def missing(name: str, why: str, create: str) -> Finding:
    """A topic that is not there."""
    return Finding(name, "danger", "there is no such topic", why, "Create it", create)


def _partitions(topic: Topic, cluster: Cluster, create: str) -> Iterator[Finding]:
    if len(topic.partitions) != 1:
        delete = _tool(cluster, "kafka-topics.sh", f"--delete --topic {topic.name}")
        yield Finding(
            topic.name,
            "danger",
            f"it has {len(topic.partitions)} partitions, not 1",
            "only the first is read, and what is written to the others is never seen",
            "Partitions cannot be made fewer: if it holds nothing that is needed, delete the topic "
            "and create it again, else begin another network",
            f"{delete} && {create}",
        )


def _replicas(topic: Topic, cluster: Cluster) -> Iterator[Finding]:
    kept = topic.partitions[0].replicas
    if cluster.dev or len(kept) >= MIN_REPLICAS:
        return
    others = [broker for broker in cluster.brokers if broker not in kept]
    chosen = [*kept, *others[: MIN_REPLICAS - len(kept)]]
    reach = len(chosen) >= MIN_REPLICAS
    yield Finding(
        topic.name,
        "danger",
        f"it has {_counted(len(kept), 'replica')}, not {MIN_REPLICAS}",
        "Kafka acknowledges what one disk alone holds, whatever min.insync.replicas says"
        if len(kept) == 1
        else "after the loss of one broker nothing can be written safely",
        f"Keep it on {MIN_REPLICAS} brokers"
        if reach
        else f"The cluster has {_counted(len(cluster.brokers), 'broker')}: start at least "
        f"{MIN_REPLICAS} and check again, or say --dev where nothing of value is kept",
        _reassign(topic.name, chosen, cluster) if reach else None,
    )


def _reassign(topic: str, replicas: list[int], cluster: Cluster) -> str:
    partition = {"topic": topic, "partition": 0, "replicas": replicas}
    plan = msgspec.json.encode({"version": 1, "partitions": [partition]}).decode()
    does = "--reassignment-json-file replicas.json --execute"
    tool = _tool(cluster, "kafka-reassign-partitions.sh", does)
    return f"echo '{plan}' > replicas.json && {tool}"


def _in_sync_now(topic: Topic) -> Iterator[Finding]:
    partition = topic.partitions[0]
    behind = [broker for broker in partition.replicas if broker not in partition.in_sync]
    if partition.leader == NOBODY:
        wrong = "no broker leads it now"
        why = "nothing can be written or read until one does"
    elif behind:
        wrong = (
            f"{_counted(len(partition.in_sync), 'replica')} of {len(partition.replicas)} "
            "in sync now"
        )
        why = "another broker lost may stop the writing"
    else:
        return
    brokers = ", ".join(str(broker) for broker in behind or partition.replicas)
    yield Finding(topic.name, "note", wrong, why, f"See to broker {brokers}")


def _settings(kind: Kind, topic: Topic, cluster: Cluster) -> Iterator[Finding]:
    if not topic.settings:
        yield Finding(
            topic.name,
            "danger",
            "its settings may not be read by this user",
            "nobody can tell whether it keeps what it is given",
            "Grant DescribeConfigs",
            _grant_reading(topic.name, cluster),
        )
        return
    if not cluster.dev:
        yield from _min_in_sync(topic, cluster)
    for rule in RULES[kind]:
        yield from _broken(rule, topic, cluster)


def _min_in_sync(topic: Topic, cluster: Cluster) -> Iterator[Finding]:
    yield from _broken(_IN_SYNC, topic, cluster)
    replicas = len(topic.partitions[0].replicas)
    if replicas >= MIN_REPLICAS and int(topic.settings[_IN_SYNC.setting]) >= replicas:
        why = "with one broker down nothing can be written"
        yield _finding(msgspec.structs.replace(_IN_SYNC, why=why, severity="note"), topic, cluster)


def _broken(rule: Rule, topic: Topic, cluster: Cluster) -> Iterator[Finding]:
    # A setting that an old broker does not know is not there, and cannot be set either.
    if rule.setting in topic.settings and not rule.holds(topic.settings[rule.setting]):
        yield _finding(rule, topic, cluster)


def _finding(rule: Rule, topic: Topic, cluster: Cluster) -> Finding:
    change = f"{rule.setting}={rule.wanted}"
    does = f"--alter --entity-type topics --entity-name {topic.name} --add-config {change}"
    return Finding(
        topic.name,
        rule.severity,
        f"{rule.setting} is {topic.settings[rule.setting] or 'empty'}, not {rule.wanted}",
        rule.why,
        f"Set {change}",
        _tool(cluster, "kafka-configs.sh", does),
    )


def _grant_reading(topic: str, cluster: Cluster) -> str:
    user = cluster.settings.sasl_username or "ANONYMOUS"
    does = f"--add --allow-principal User:{user} --operation DescribeConfigs --topic {topic}"
    return _tool(cluster, "kafka-acls.sh", does)


def _tool(cluster: Cluster, name: str, does: str) -> str:
    """A command line of Kafka's own tools, for the same brokers."""
    plain = cluster.settings.security_protocol == "PLAINTEXT"
    login = "" if plain else "--command-config client.properties "
    return f"{name} --bootstrap-server {cluster.settings.bootstrap} {login}{does}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
