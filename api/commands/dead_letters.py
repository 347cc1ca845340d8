"""`onebook dead-letters list | show | resubmit`: input over Kafka that was no request."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from api import settings as configured
from api.commands.terminal import (
    Failure,
    JsonOption,
    LimitOption,
    NetworkOption,
    out,
    print_json,
    say,
    table,
)
from api.settings import PREFIX
from consumers.kafka.letters import KeptLetter, dead_letters, resubmit
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import channel_of

SHOWN_CHARACTERS = 60

app = typer.Typer(
    help="Input over Kafka that could not be read or decided.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

NumberArgument = Annotated[int, typer.Argument(min=0, help="Its number, as `list` shows it.")]
AfterOption = Annotated[int, typer.Option("--after", min=-1, help="Those behind this number.")]


@app.command("list")
def list_(
    *,
    network: NetworkOption = None,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
) -> None:
    """List the dead letters of a network, oldest first.

    Why each was refused stands in the ledger: `onebook events --type input_refused`.

    Example: onebook dead-letters list
    """
    kafka, served = _load(network)
    shown = table(f"Dead letters of {served}", "number", "topic", "offset", "index", "reason", "")
    count = 0
    for letter in dead_letters(kafka, served):
        if letter.number <= after:
            continue
        if count == limit:
            say(f"there are more: --after {letter.number - 1}")
            break
        count += 1
        if as_json:
            print_json(letter)
        else:
            begun = letter.raw[:SHOWN_CHARACTERS].decode(errors="replace")
            row = (letter.number, letter.topic, letter.offset, letter.index, letter.reason, begun)
            shown.add_row(*(str(value) for value in row))
    if not as_json:
        out.print(shown)


@app.command()
def show(number: NumberArgument, *, network: NetworkOption = None) -> None:
    """Write the bytes of one dead letter to stdout, as they came.

    Example: onebook dead-letters show 7 > letter.json
    """
    kafka, served = _load(network)
    sys.stdout.buffer.write(_found(kafka, served, number).raw)


@app.command("resubmit")
def resubmit_(
    number: NumberArgument,
    *,
    network: NetworkOption = None,
    mended: Annotated[
        Path | None,
        typer.Option("--with", help="Send this file instead: the letter, mended.", exists=True),
    ] = None,
) -> None:
    """Send a dead letter again to the topic it came from, as it is or mended.

    A request that was decided meanwhile is recognised by its request_id and counts once.

    Example: onebook dead-letters resubmit 7 --with letter.json
    """
    kafka, served = _load(network)
    letter = _found(kafka, served, number)
    if channel_of(served, letter.topic) is None:
        raise Failure(
            f"dead letter {number} says that it came from {letter.topic}, which is no channel's "
            f"topic of network {served}: nothing was sent"
        )
    if mended is not None:
        raw = mended.read_bytes()
        letter = replace(letter, raw=raw, size=len(raw))
    elif letter.is_cut:
        raise Failure(
            f"dead letter {number} is too large to be kept whole: it stands in {letter.topic} at "
            f"offset {letter.offset}; send it mended, by --with"
        )
    resubmit(kafka, letter)
    say(f"dead letter {number} was sent to {letter.topic}")


def _found(kafka: KafkaSettings, network: str, number: int) -> KeptLetter:
    for letter in dead_letters(kafka, network):
        if letter.number == number:
            return letter
    raise Failure(f"network {network} has no dead letter {number}; see onebook dead-letters list")


def _load(network: str | None) -> tuple[KafkaSettings, str]:
    settings = configured.load(network=network)
    if settings.kafka is None:
        raise Failure(f"{PREFIX}KAFKA_BOOTSTRAP is not set: set it to HOST:PORT of a broker")
    return settings.kafka, settings.network
