"""Settings: from options, then from the environment (ONEBOOK_…), then the defaults."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumers.proving.verifier import EVENTS_PER_S
from ledger.kafka.settings import KafkaSettings

PREFIX: Final = "ONEBOOK_"
TEST_PREFIX: Final = "ONEBOOK_TEST_"
"""What the tests read; no setting of a running Onebook."""
NETWORK_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MAX_EVENTS_PER_S: Final = 1_000_000
IN_POSTGRESQL: Final = "ledger.postgres"
IN_KAFKA: Final = "ledger.kafka"
_KAFKA: Final = "kafka_"


class SettingsError(Exception):
    """A setting is unknown, wrong or contradicts another; the text says which and what to do."""


class Settings(BaseSettings):
    """Where the ledger lives and where it is served."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    data: Path = Path(".onebook")
    """The data directory: its lock, and the embedded PostgreSQL unless database_url is set."""
    database_url: SecretStr | None = None
    """A PostgreSQL that holds ledger and views instead of the embedded one."""
    network: str = "main"
    host: str = "127.0.0.1"
    port: int = 8000
    verify_events_per_s: int = EVENTS_PER_S
    """So many events a second are folded once more, to prove the views all the time; 0: none."""

    kafka_bootstrap: str | None = None
    """Brokers as HOST:PORT,HOST:PORT: ledger and requests are kept there, not in PostgreSQL."""
    kafka_dev: bool = False
    """Begin on topics with one copy: where nothing of value is kept."""
    kafka_security_protocol: str | None = None
    """PLAINTEXT (unless set), SSL, SASL_PLAINTEXT or SASL_SSL."""
    kafka_sasl_mechanism: str | None = None
    """SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN."""
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: str | None = None
    """PEM file of who signs the brokers' certificates, unless the system knows them."""
    kafka_ssl_certfile: str | None = None
    """PEM file of this client's own certificate, where brokers ask for one."""
    kafka_ssl_keyfile: str | None = None

    @property
    def kafka(self) -> KafkaSettings | None:
        """How to reach Kafka; None if the ledger is in PostgreSQL."""
        return _kafka(self)

    @property
    def persistence_module(self) -> str:
        """The module that keeps the ledger, as the `eventsourcing` library's PERSISTENCE_MODULE."""
        return IN_POSTGRESQL if self.kafka_bootstrap is None else IN_KAFKA

    @model_validator(mode="after")
    def _reaches_kafka(self) -> "Settings":
        _kafka(self)
        return self

    @field_validator("database_url")
    @classmethod
    def _is_a_postgresql_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_url_of_postgresql(url.get_secret_value()):
            raise ValueError(
                "not the URL of a PostgreSQL: send postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
                "special characters of its parts percent-encoded"
            )
        return url

    @field_validator("network")
    @classmethod
    def _is_a_network_id(cls, network: str) -> str:
        if not NETWORK_ID.fullmatch(network):
            raise ValueError(
                "a network is 1-40 of a-z, 0-9 and -, beginning with a letter or digit"
            )
        return network

    @field_validator("verify_events_per_s")
    @classmethod
    def _is_a_rate(cls, rate: int) -> int:
        if not 0 <= rate <= MAX_EVENTS_PER_S:
            raise ValueError(
                f"a rate is 0 (verify nothing) to {MAX_EVENTS_PER_S:,} events a second"
            )
        return rate

    @field_validator("port")
    @classmethod
    def _is_a_port(cls, port: int) -> int:
        if not 0 <= port <= 65_535:
            raise ValueError("a port is 0 (any that is free) to 65535")
        return port


def load(**given: Any) -> Settings:
    """Return the settings; what is given (and not None) goes before the environment.

    Raises SettingsError.
    """
    _refuse_unknown(os.environ)
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        of = f"setting {name} ({PREFIX}{name.upper()}): " if name else ""
        raise SettingsError(f"{of}{_said(first['msg'])}") from None
    _refuse_other_persistence(os.environ, settings)
    return settings


def _kafka(settings: Settings) -> KafkaSettings | None:
    """Raise ValueError if what is set for Kafka does not fit together."""
    given = {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings
        if name.startswith(_KAFKA) and name != "kafka_dev" and value is not None
    }
    if not given:
        return None
    try:
        return KafkaSettings.from_environment(given)
    except ValueError as error:  # it names them as the library knows them
        raise ValueError(re.sub(r"\bKAFKA_", f"{PREFIX}KAFKA_", str(error))) from None


def _is_url_of_postgresql(url: str) -> bool:
    try:
        port = conninfo_to_dict(url).get("port")
    except ProgrammingError:  # its text would repeat a password
        return False
    if port is not None and not all(part.isdecimal() for part in str(port).split(",")):
        return False
    return url.startswith(("postgresql://", "postgres://"))


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not name.startswith(TEST_PREFIX):
            raise SettingsError(
                f"{name} is not a setting; the settings are {', '.join(sorted(known))}"
            )


def _refuse_other_persistence(environment: Mapping[str, str], settings: Settings) -> None:
    module = environment.get("PERSISTENCE_MODULE", "")
    if module in ("", settings.persistence_module):
        return
    if module == IN_KAFKA:
        raise SettingsError(
            f"PERSISTENCE_MODULE={module} needs {PREFIX}KAFKA_BOOTSTRAP: set that to HOST:PORT of "
            "a broker (it is enough by itself), or unset PERSISTENCE_MODULE"
        )
    raise SettingsError(
        f"PERSISTENCE_MODULE={module} contradicts Onebook, which keeps this ledger by "
        f"{settings.persistence_module}: unset it"
    )


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")
