"""Settings: from options, then from the environment (ONEBOOK_…), then the defaults."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "ONEBOOK_"
TEST_PREFIX: Final = "ONEBOOK_TEST_"
"""What the tests read; no setting of a running Onebook."""
NETWORK_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
OUR_PERSISTENCE: Final = "ledger.postgres"


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
    _refuse_what_contradicts(os.environ)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"setting {name} ({PREFIX}{name.upper()}): {_said(first['msg'])}"
        ) from None


def _is_url_of_postgresql(url: str) -> bool:
    try:
        port = conninfo_to_dict(url).get("port")
    except ProgrammingError:  # its text would repeat a password
        return False
    if port is not None and not all(part.isdecimal() for part in str(port).split(",")):
        return False
    return url.startswith(("postgresql://", "postgres://"))


def _refuse_what_contradicts(environment: Mapping[str, str]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(environment):
        if name == f"{PREFIX}KAFKA_BOOTSTRAP" and environment[name]:
            raise SettingsError(
                f"{name} is set, but this release keeps its ledger in PostgreSQL only: unset it"
            )
        if name.startswith(PREFIX) and name not in known and not name.startswith(TEST_PREFIX):
            raise SettingsError(
                f"{name} is not a setting; the settings are {', '.join(sorted(known))}"
            )
    module = environment.get("PERSISTENCE_MODULE", "")
    if module not in ("", OUR_PERSISTENCE):
        raise SettingsError(
            f"PERSISTENCE_MODULE={module} contradicts Onebook, which keeps its ledger by "
            f"{OUR_PERSISTENCE}: unset it"
        )


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")
