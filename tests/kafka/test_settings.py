"""How to reach Kafka: settings that fit together, passed on to every client, secrets kept."""

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from api import settings as configured
from api.settings import SettingsError
from ledger.kafka.settings import KafkaSettings

EVERYTHING = {
    "KAFKA_BOOTSTRAP": "one:9092,two:9093",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "writer",
    "KAFKA_SASL_PASSWORD": "hush",
    "KAFKA_SSL_CAFILE": "/etc/ca.pem",
    "KAFKA_SSL_CERTFILE": "/etc/me.pem",
    "KAFKA_SSL_KEYFILE": "/etc/me.key",
}
AT = {"KAFKA_BOOTSTRAP": "one:9092"}
SASL = {
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "writer",
    "KAFKA_SASL_PASSWORD": "hush",
}
CONTRADICTIONS = [
    ({}, "KAFKA_BOOTSTRAP is not set"),
    (SASL, "KAFKA_BOOTSTRAP is not set"),
    ({"KAFKA_BOOTSTRAP": "one"}, "'one' is not HOST:PORT"),
    ({"KAFKA_BOOTSTRAP": "one:9092,"}, "'' is not HOST:PORT"),
    ({"KAFKA_BOOTSTRAP": "one:70000"}, "'one:70000' is not HOST:PORT"),
    ({"KAFKA_BOOTSTRAP": "one:0"}, "'one:0' is not HOST:PORT"),
    ({"KAFKA_BOOTSTRAP": ":9092"}, "':9092' is not HOST:PORT"),
    (AT | {"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL=TLS is not one of"),
    (
        AT | SASL | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "MD5"},
        "KAFKA_SASL_MECHANISM=MD5 is not one of",
    ),
    (
        AT | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "PLAIN"},
        "SASL_SSL needs KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD: set them too",
    ),
    (AT | SASL, "KAFKA_SASL_PASSWORD would not be used with KAFKA_SECURITY_PROTOCOL=PLAINTEXT"),
    (AT | {"KAFKA_SSL_CAFILE": "ca.pem"}, "KAFKA_SSL_CAFILE would not be used"),
    (
        AT | {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEYFILE": "me.key"},
        "KAFKA_SSL_KEYFILE needs the certificate of that key: set KAFKA_SSL_CERTFILE too",
    ),
]


def product(environment: dict[str, str]) -> dict[str, str]:
    return {f"ONEBOOK_{name}": value for name, value in environment.items()}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in product(EVERYTHING):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PERSISTENCE_MODULE", raising=False)
    return monkeypatch


def put(environ: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        environ.setenv(name, value)


def test_tls_and_login_reach_every_client() -> None:
    options = KafkaSettings.from_environment(EVERYTHING).client_options()
    assert options == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "writer",
        "sasl_plain_password": "hush",
        "ssl_cafile": "/etc/ca.pem",
        "ssl_certfile": "/etc/me.pem",
        "ssl_keyfile": "/etc/me.key",
    }
    for client in (KafkaProducer, KafkaConsumer, KafkaAdminClient):
        assert options.keys() <= client.DEFAULT_CONFIG.keys()
        assert client.DEFAULT_CONFIG["ssl_check_hostname"] is True


def test_brokers_of_ones_own_machine_need_an_address_only() -> None:
    options = KafkaSettings.from_environment(AT | {"KAFKA_SSL_CAFILE": ""}).client_options()
    assert options == {"bootstrap_servers": ["one:9092"], "security_protocol": "PLAINTEXT"}


def test_an_ipv6_address_is_an_address() -> None:
    assert KafkaSettings(bootstrap="[::1]:9092, two:9093").servers == ["[::1]:9092", "two:9093"]


def test_settings_go_through_the_environment_and_come_back() -> None:
    settings = KafkaSettings.from_environment(EVERYTHING)
    assert settings.to_environment() == EVERYTHING
    least = KafkaSettings(bootstrap="one:9092")
    assert KafkaSettings.from_environment(least.to_environment()) == least


def test_the_password_is_never_shown() -> None:
    shown = repr(KafkaSettings.from_environment(EVERYTHING))
    assert "hush" not in shown
    assert "writer" in shown


@pytest.mark.parametrize(("environment", "told"), CONTRADICTIONS)
def test_settings_that_do_not_fit_together_are_refused(
    environment: dict[str, str], told: str
) -> None:
    with pytest.raises(ValueError, match="KAFKA_") as refused:
        KafkaSettings.from_environment(environment)
    assert told in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(("environment", "told"), CONTRADICTIONS[1:])
def test_the_product_refuses_them_by_its_own_names(
    environ: pytest.MonkeyPatch, environment: dict[str, str], told: str
) -> None:
    put(environ, product(environment))
    with pytest.raises(SettingsError) as refused:
        configured.load()
    assert told.replace("KAFKA_", "ONEBOOK_KAFKA_") in str(refused.value)
    assert "hush" not in str(refused.value)


def test_with_brokers_the_ledger_is_in_kafka_and_without_in_postgresql(
    environ: pytest.MonkeyPatch,
) -> None:
    plain = configured.load()
    assert (plain.kafka, plain.persistence_module) == (None, "ledger.postgres")
    put(environ, product(EVERYTHING))
    settings = configured.load()
    assert settings.kafka == KafkaSettings.from_environment(EVERYTHING)
    assert settings.persistence_module == "ledger.kafka"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"PERSISTENCE_MODULE": "ledger.kafka"}, "needs ONEBOOK_KAFKA_BOOTSTRAP"),
        (
            product(AT) | {"PERSISTENCE_MODULE": "ledger.postgres"},
            "contradicts Onebook, which keeps this ledger by ledger.kafka",
        ),
        (
            product(AT) | {"PERSISTENCE_MODULE": "eventsourcing.popo"},
            "contradicts Onebook, which keeps this ledger by ledger.kafka",
        ),
        (
            {"PERSISTENCE_MODULE": "eventsourcing.popo"},
            "contradicts Onebook, which keeps this ledger by ledger.postgres",
        ),
    ],
)
def test_another_persistence_module_is_refused(
    environ: pytest.MonkeyPatch, environment: dict[str, str], told: str
) -> None:
    put(environ, environment)
    with pytest.raises(SettingsError) as refused:
        configured.load()
    assert told in str(refused.value)


def test_the_module_that_keeps_the_ledger_may_be_named(environ: pytest.MonkeyPatch) -> None:
    put(environ, product(AT) | {"PERSISTENCE_MODULE": "ledger.kafka"})
    assert configured.load().kafka == KafkaSettings(bootstrap="one:9092")
