"""Kafka's admin client, typed: what topics there are, how they are kept, and new ones.

The library is untyped and stays in here. Its `describe_configs` hides refusals: it answers with
no settings at all, as it does for a topic that is not there.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

import msgspec
from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    ClusterAuthorizationFailedError,
    KafkaConfigurationError,
    KafkaError,
    NoError,
    RetriableError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from ledger.kafka.log import LogUnavailable
from ledger.kafka.settings import KafkaSettings

CONNECT_LIMIT_S: Final = 15.0
REQUEST_LIMIT_S: Final = 30.0
VISIBLE_LIMIT_S: Final = 30.0
"""How long a new topic may take until the brokers tell of it."""
ELIGIBLE_LEADERS: Final = "eligible.leader.replicas.version"
"""The cluster's feature that keeps acknowledged records over the loss of the last replica."""
NOBODY: Final = -1
MAX_TRIES: Final = 20
TRY_PAUSE_S: Final = 0.1
_MS: Final = 1_000


class TopicsFailed(Exception):
    """Topics could not be looked at or made; the text says why and what to do."""


class TopicsDenied(TopicsFailed):
    """The brokers do not let this user do it; the text names what must be granted."""


class Partition(msgspec.Struct, frozen=True):
    """Where one partition is kept: ids of brokers; `leader` is NOBODY while there is none."""

    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class Topic(msgspec.Struct, frozen=True):
    """A topic as it is: its partitions and what its settings come to, by Kafka's names.

    `settings` is empty if this user may not read them.
    """

    name: str
    partitions: tuple[Partition, ...]
    settings: Mapping[str, str]


class NewTopic(msgspec.Struct, frozen=True):
    """A topic of one partition to be made."""

    name: str
    replication: int
    settings: Mapping[str, str]


EligibleLeaders = Literal["on", "off", "unknown"]
"""`unknown`: the brokers are too old to have the feature (before 4.0)."""


class Admin:
    """One connection. Every method raises LogUnavailable or a kind of TopicsFailed."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def names(self) -> list[str]:
        """The topics that this user may know of, in order."""
        return sorted(_tried(self._client.list_topics))

    def describe(self, names: Sequence[str]) -> dict[str, Topic]:
        """These topics as they are; those that are not there are left out."""
        if not names:
            return {}
        told = _tried(lambda: self._client.describe_topics(list(names)))
        there = {topic["name"]: topic for topic in told}
        found = [name for name in names if _is_there(there[name])]
        settings = self._settings(found)
        return {
            name: Topic(name, _partitions(there[name]["partitions"]), settings[name])
            for name in found
        }

    def create(self, topics: Iterable[NewTopic]) -> dict[str, bool]:
        """Make those topics that are not there, and wait for them; whether each is new.

        A topic that is there stays as it is. When one cannot be made, the others may have been:
        the same call again makes the rest.
        """
        asked = {
            topic.name: {
                "num_partitions": 1,
                "replication_factor": topic.replication,
                "configs": dict(topic.settings),
            }
            for topic in topics
        }
        answer = _tried(lambda: self._client.create_topics(asked, raise_errors=False))
        new = {made["name"]: _is_new(made) for made in answer["topics"]}
        self._client.wait_for_topics(list(asked), timeout_ms=int(VISIBLE_LIMIT_S * _MS))
        return {name: new[name] for name in asked}

    def brokers(self) -> list[int]:
        """The ids of the brokers that take part, in order."""
        known = _tried(self._client.describe_cluster)["brokers"]
        return sorted(each["broker_id"] for each in known if not each.get("is_fenced", False))

    def eligible_leaders(self) -> EligibleLeaders:
        """Whether the cluster has the feature ELIGIBLE_LEADERS on."""
        feature = _tried(self._client.describe_features).get(ELIGIBLE_LEADERS)
        if feature is None:
            return "unknown"
        _, level = feature.get("finalized", (0, 0))
        return "on" if level > 0 else "off"

    def _settings(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        asked = [ConfigResource("TOPIC", name, None) for name in names]
        if not asked:
            return {}
        told = _tried(lambda: self._client.describe_configs(asked, config_filter="all"))["topic"]
        return {
            name: {key: said["value"] for key, said in told.get(name, {}).items()} for name in names
        }


@contextmanager
def connected(settings: KafkaSettings) -> Iterator[Admin]:
    """Open an admin connection to the brokers for the block.

    Raises LogUnavailable if none answers, TopicsDenied if they refuse the user; and both, or
    TopicsFailed, in the block.
    """
    with _told(settings):
        client = KafkaAdminClient(
            **settings.client_options(),
            bootstrap_timeout_ms=int(CONNECT_LIMIT_S * _MS),
            request_timeout_ms=int(REQUEST_LIMIT_S * _MS),
        )
        try:
            yield Admin(client)
        finally:
            client.close()


@contextmanager
def _told(settings: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except SaslAuthenticationFailedError as error:
        raise TopicsDenied(
            f"the brokers of {settings.bootstrap} refuse {_who(settings)}: check the name, the "
            f"password and whether it is one by {settings.sasl_mechanism}"
        ) from error
    except AuthorizationError as error:
        raise TopicsDenied(
            f"the brokers of {settings.bootstrap} do not allow this to {_who(settings)} ({error}): "
            "grant it as docs/kafka/security.md says"
        ) from error
    except KafkaConfigurationError as error:
        raise TopicsFailed(f"these settings reach no broker: {error}") from error
    except KafkaError as error:
        raise LogUnavailable(
            f"no broker of {settings.bootstrap} answers {_who(settings)} by "
            f"{settings.security_protocol} ({error!r}): check that they run, that this is how they "
            "are reached, and name and password if they ask for them"
        ) from error


def _tried(ask: Callable[[], Any]) -> Any:
    """Ask again where the library gives up: it may have asked a broker that has just died."""
    for _ in range(MAX_TRIES - 1):
        try:
            return ask()
        except RetriableError:
            time.sleep(TRY_PAUSE_S)
    return ask()


def _who(settings: KafkaSettings) -> str:
    return f"user {settings.sasl_username!r}" if settings.uses_sasl else "a user without a name"


def _is_there(topic: Mapping[str, Any]) -> bool:
    error = for_code(topic["error_code"])
    if error is UnknownTopicOrPartitionError:
        return False
    if error is TopicAuthorizationFailedError:
        raise TopicsDenied(
            f"this user may not look at topic {topic['name']}: grant it Describe and "
            "DescribeConfigs there, as docs/kafka/security.md says"
        )
    if error is not NoError:
        raise error(f"topic {topic['name']}")
    return True


def _partitions(partitions: Sequence[Mapping[str, Any]]) -> tuple[Partition, ...]:
    return tuple(
        Partition(each["leader_id"], tuple(each["replica_nodes"]), tuple(each["isr_nodes"]))
        for each in sorted(partitions, key=lambda each: each["partition_index"])
    )


def _is_new(made: Mapping[str, Any]) -> bool:
    error = for_code(made["error_code"])
    if error is TopicAlreadyExistsError:
        return False
    if error in (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        raise TopicsDenied(
            f"this user may not create topic {made['name']}: grant it Create there, or let one "
            "who has it run `onebook topics create`"
        )
    if error is not NoError:
        raise TopicsFailed(
            f"topic {made['name']} was not made: {made['error_message'] or error.__name__}"
        )
    return True
