"""The command `onebook`."""

import os
import sys

import psycopg
import typer
from eventsourcing.persistence import PersistenceError

from api.commands import (
    dead_letters,
    demo,
    explaining,
    importing,
    projecting,
    proving,
    publishing,
    reading,
    reporting,
    serving,
    topics,
    writing,
)
from api.commands.terminal import FAILED, Failure, err, say
from api.server import AddressError
from api.settings import PREFIX, SettingsError
from consumers.data_directory import DataDirectoryError
from consumers.feeds.publisher import FeedStopped
from consumers.ingest.faults import ImportStopped
from consumers.projecting.source import ViewsAheadOfLedger
from consumers.projector import ProjectorStopped
from consumers.proving.rebuild import RebuildFailed, RebuildRuns
from ledger.kafka.admin import TopicsFailed
from ledger.kafka.chain import LedgerCorrupt, LedgerTruncated
from ledger.kafka.log import LogUnavailable
from projections.projection import FoldFailed
from projections.views import UnknownView, ViewsOutdated

app = typer.Typer(
    name="onebook",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="An event-sourced inventory and order ledger: every number folds from events.\n\n"
    "Begin with: onebook demo",
)
app.command()(demo.demo)
app.command()(serving.serve)
app.command()(writing.write)
app.command()(projecting.project)
app.command()(publishing.publish)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(importing.app, name="import")
app.command()(reading.events)
app.command()(reading.inventory)
app.command()(explaining.explain)
app.command()(reading.availability)
app.command()(reading.order)
app.command()(reading.transfer)
app.command()(reading.supply)
app.command()(reading.hold)
app.command("return")(reading.authorised_return)
app.command()(reading.exceptions)
app.command()(reading.customer)
app.command()(reading.product)
app.command()(reporting.report)
app.command()(proving.verify)
app.command()(proving.rebuild)
app.add_typer(topics.app, name="topics")

FAILURES = (
    Failure,
    SettingsError,
    DataDirectoryError,
    AddressError,
    ImportStopped,
    FoldFailed,
    UnknownView,
    ViewsOutdated,
    ViewsAheadOfLedger,
    RebuildRuns,
    RebuildFailed,
    ProjectorStopped,
    FeedStopped,
    LedgerCorrupt,
    LedgerTruncated,
    TopicsFailed,
    LogUnavailable,
)


def main() -> None:
    """Run the command line; exits with 0 done, 1 done in part, 2 wrong usage or failure."""
    try:
        app()
    except FAILURES as failure:
        say(f"onebook: {failure}", to=err)
        sys.exit(FAILED)
    except (psycopg.OperationalError, PersistenceError) as failure:
        say(f"onebook: {_database()}: {' '.join(str(failure).split())}", to=err)
        sys.exit(FAILED)


def _database() -> str:
    named = f"{PREFIX}DATABASE_URL"
    return f"the database of {named}" if os.environ.get(named) else "the database"


if __name__ == "__main__":
    main()
