"""How the topics of a network must be kept, why, and what to run where one is not.

Pure: what a topic is was asked before (`ledger.kafka.admin`).
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from ledger.kafka.admin import ELIGIBLE_LEADERS, NOBODY, EligibleLeaders, NewTopic, Topic
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topic_settings import IN_SYNC, MIN_IN_SYNC, RULES, Kind, Rule, Severity

MIN_REPLICAS: Final = 3
NO_TOPIC: Final = "there is no such topic"


class Finding(msgspec.Struct, frozen=True):
    """Something wrong with a topic (with the whole cluster if `topic` is None).

    With a `danger` no process starts that needs the topic. `command` is what to run, if a command
    does it; `fix` says it in words.
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


def new_topic(kind: Kind, name: str, replication: int) -> NewTopic:
    """The topic as it is to be created."""
    wanted = {rule.setting: rule.wanted for rule in RULES[kind]}
    in_sync = str(min(MIN_IN_SYNC, replication))
    return NewTopic(name, replication, {**wanted, IN_SYNC.setting: in_sync})


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


def missing(name: str, why: str, create: str, severity: Severity = "danger") -> Finding:
    """A topic that is not there."""
    return Finding(name, severity, NO_TOPIC, why, "Create it", create)


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
    yield from _broken(IN_SYNC, topic, cluster)
    replicas = len(topic.partitions[0].replicas)
    if replicas >= MIN_REPLICAS and int(topic.settings[IN_SYNC.setting]) >= replicas:
        why = "with one broker down nothing can be written"
        yield _finding(msgspec.structs.replace(IN_SYNC, why=why, severity="note"), topic, cluster)


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
