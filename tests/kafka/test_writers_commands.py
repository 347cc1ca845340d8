"""What `onebook write` and `onebook dead-letters` say to what cannot be."""

from pathlib import Path

import pytest
from kafka import KafkaProducer
from served import onebook

from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import dead_letters_topic, ledger_topic


def run(bootstrap: str, network: str, *words: str):
    settings = {"ONEBOOK_KAFKA_BOOTSTRAP": bootstrap, "ONEBOOK_KAFKA_DEV": "1"}
    return onebook(*words, "--network", network, **settings)


@pytest.mark.parametrize("name", ["ä/..", "../../away", ""])
def test_a_writer_whose_name_is_no_name_is_told_so(kafka_bootstrap, network, tmp_path, name):
    ended = run(
        kafka_bootstrap, network, "write", "--name", name or " ", "--data", str(tmp_path / "d")
    )
    assert ended.returncode == 2
    assert "--name takes 1-100 letters" in ended.stderr
    assert not (tmp_path / "d").exists()


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(
    kafka_bootstrap: str, network: str, tmp_path: Path
):
    file = tmp_path / "file"
    file.write_text("in the way")
    ended = run(kafka_bootstrap, network, "write", "--name", "w", "--data", str(file))
    assert ended.returncode == 2
    assert "--data" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_dead_letter_is_never_sent_into_the_ledger(kafka_bootstrap: str, network: str):
    settings = KafkaSettings(bootstrap=kafka_bootstrap)
    said = {
        "topic": ledger_topic(network),
        "offset": "0",
        "index": "0",
        "sha256": "00",
        "reason": "malformed",
        "bytes": "6",
    }
    headers = [(f"onebook-{name}", value.encode()) for name, value in said.items()]
    producer = KafkaProducer(**settings.client_options())
    producer.send(dead_letters_topic(network), b"forged", headers=headers).get(10)
    producer.close()
    ended = run(kafka_bootstrap, network, "dead-letters", "resubmit", "0")
    assert ended.returncode == 2
    assert "nothing was sent" in ended.stderr
    listed = run(kafka_bootstrap, network, "dead-letters", "list")
    assert listed.returncode == 0
    assert ledger_topic(network) in listed.stdout
