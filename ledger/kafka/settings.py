"""How to reach Kafka: the same settings for every producer, consumer and admin client."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

import msgspec

MAX_RECORD_BYTES: Final = 32 << 20
"""The largest record of a network's topics; whoever writes or reads one is sized by it."""

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]

MAX_PORT: Final = 65_535
_SECRET: Final = "sasl_password"  # noqa: S105 (a field's name)
_KEY: Final = "KAFKA_"


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the brokers are and as whom to speak to them.

    `bootstrap` is one or more HOST:PORT, separated by commas. Raises ValueError for settings that
    contradict each other; its text says which, by their names in the environment.
    """

    bootstrap: str
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: str | None = None
    sasl_password: str | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None

    def __post_init__(self) -> None:
        _check_bootstrap(self.bootstrap)
        _check_one_of("SECURITY_PROTOCOL", self.security_protocol, SecurityProtocol)
        if self.sasl_mechanism is not None:
            _check_one_of("SASL_MECHANISM", self.sasl_mechanism, SaslMechanism)
        self._check_sasl()
        self._check_ssl()

    def __repr__(self) -> str:
        shown = (
            f"{name}={'***' if name == _SECRET else repr(value)}"
            for name, value in self._given().items()
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def servers(self) -> list[str]:
        """The brokers to begin with, each HOST:PORT."""
        return [server.strip() for server in self.bootstrap.split(",")]

    @property
    def uses_sasl(self) -> bool:
        """Whether clients log in with a name and password."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.security_protocol.endswith("SSL")

    def client_options(self) -> dict[str, Any]:
        """The options that a kafka-python producer, consumer and admin client have in common."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "security_protocol": self.security_protocol,
        }
        if self.uses_sasl:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            if (value := getattr(self, name)) is not None:
                options[name] = value
        return options

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "KafkaSettings":
        """Read KAFKA_BOOTSTRAP and the others (the keys of `to_environment`); empty is not set.

        Raises ValueError if there is no KAFKA_BOOTSTRAP, or if settings contradict each other.
        """
        keys = {f"{_KEY}{name.upper()}": name for name in cls.__struct_fields__}
        given = {name: environment[key] for key, name in keys.items() if environment.get(key)}
        if "bootstrap" not in given:
            raise ValueError(f"{_KEY}BOOTSTRAP is not set: set it to HOST:PORT of a broker")
        return cls(**given)  # type: ignore[arg-type]  # literals are checked in __post_init__

    def to_environment(self) -> dict[str, str]:
        """The same as settings of the `eventsourcing` library: KAFKA_BOOTSTRAP and so on."""
        return {f"{_KEY}{name.upper()}": value for name, value in self._given().items()}

    def _given(self) -> dict[str, str]:
        return {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        }

    def _check_sasl(self) -> None:
        names = ("sasl_mechanism", "sasl_username", "sasl_password")
        given = [name for name in names if getattr(self, name) is not None]
        if self.uses_sasl and len(given) < len(names):
            missing = [name for name in names if name not in given]
            raise ValueError(
                f"{_named('security_protocol')}={self.security_protocol} needs "
                f"{_all_named(missing)}: set them too"
            )
        if given and not self.uses_sasl:
            raise ValueError(
                f"{_all_named(given)} would not be used with {_named('security_protocol')}="
                f"{self.security_protocol}: set that to SASL_SSL (or SASL_PLAINTEXT), or unset them"
            )

    def _check_ssl(self) -> None:
        names = ("ssl_cafile", "ssl_certfile", "ssl_keyfile")
        given = [name for name in names if getattr(self, name) is not None]
        if given and not self.uses_tls:
            raise ValueError(
                f"{_all_named(given)} would not be used with {_named('security_protocol')}="
                f"{self.security_protocol}: set that to SSL or SASL_SSL, or unset them"
            )
        if self.ssl_keyfile is not None and self.ssl_certfile is None:
            raise ValueError(
                f"{_named('ssl_keyfile')} needs the certificate of that key: set "
                f"{_named('ssl_certfile')} too"
            )


def _check_bootstrap(bootstrap: str) -> None:
    for server in bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
            raise ValueError(
                f"{_named('bootstrap')}={bootstrap}: {server.strip()!r} is not HOST:PORT; name one "
                "or more brokers as HOST:PORT, separated by commas"
            )


def _check_one_of(name: str, value: str, allowed: Any) -> None:
    if value not in get_args(allowed):
        raise ValueError(f"{_KEY}{name}={value} is not one of {', '.join(get_args(allowed))}")


def _named(field: str) -> str:
    return f"{_KEY}{field.upper()}"


def _all_named(fields: list[str]) -> str:
    return ", ".join(_named(field) for field in fields)
