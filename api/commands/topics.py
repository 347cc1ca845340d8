"""`onebook topics create | check`: the topics of a network in Kafka."""

from typing import Annotated

import typer

from api import settings as configured
from api.commands.terminal import (
    DONE,
    IN_PART,
    Failure,
    JsonOption,
    NetworkOption,
    out,
    print_json,
    say,
    table,
)
from api.settings import PREFIX
from ledger.kafka import topics
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topic_rules import Finding

app = typer.Typer(
    help="Make and check a network's topics in Kafka.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

DevOption = Annotated[
    bool, typer.Option("--dev", help="One copy will do: where nothing of value is kept.")
]
ChannelOption = Annotated[
    list[str] | None,
    typer.Option("--channel", help="A channel that sends by Kafka; as many as there are."),
]
ReplicationOption = Annotated[
    int | None,
    typer.Option(
        "--replication", min=1, metavar="N", help="Copies of each.", show_default="3; 1 with --dev"
    ),
]


@app.command()
def create(
    *,
    network: NetworkOption = None,
    channel: ChannelOption = None,
    replication: ReplicationOption = None,
    dev: DevOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the topics of a network that are not there: ledger, dead letters, feeds, requests.

    Those that are there stay as they are. All are checked then, and the exit code is 1 if one is
    dangerous.

    Example: onebook topics create --channel web --channel till
    """
    kafka, served = _load(network)
    made = topics.create(kafka, served, channel or [], replication, dev=dev)
    findings = topics.check(kafka, served, dev=dev)
    if as_json:
        print_json({"topics": made, "findings": findings})
    else:
        for each in made:
            say(f"{each.topic}: {'made' if each.created else 'there already'}")
        _show(findings)
    raise typer.Exit(_exit_code(findings))


@app.command()
def check(
    *, network: NetworkOption = None, dev: DevOption = False, as_json: JsonOption = False
) -> None:
    """Look whether a network's topics keep what they are given, and say what to change.

    With a danger the exit code is 1, and neither writers nor servers start; one of a feed stops its
    publisher alone.

    Example: onebook topics check
    """
    kafka, served = _load(network)
    findings = topics.check(kafka, served, dev=dev)
    if as_json:
        print_json({"network": served, "findings": findings})
    else:
        _show(findings)
        dangers = _dangers(findings)
        say(f"network {served}: {dangers} dangers, {len(findings) - dangers} notes")
    raise typer.Exit(_exit_code(findings))


def _load(network: str | None) -> tuple[KafkaSettings, str]:
    settings = configured.load(network=network)
    if settings.kafka is None:
        raise Failure(
            f"{PREFIX}KAFKA_BOOTSTRAP is not set: set it to HOST:PORT of a broker; without Kafka "
            "there are no topics"
        )
    return settings.kafka, settings.network


def _show(findings: list[Finding]) -> None:
    if not findings:
        return
    shown = table(None, "", "topic", "what is wrong", "why it matters", "what to do")
    for found in findings:
        shown.add_row(
            found.severity, found.topic or "the cluster", found.wrong, found.why, found.fix
        )
    out.print(shown)
    for found in findings:
        if found.command is not None:
            say(found.command)  # outside the table: a line to copy


def _dangers(findings: list[Finding]) -> int:
    return sum(found.severity == "danger" for found in findings)


def _exit_code(findings: list[Finding]) -> int:
    return IN_PART if _dangers(findings) else DONE
