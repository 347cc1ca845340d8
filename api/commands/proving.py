"""`onebook verify | rebuild`: the views against the ledger."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

import psycopg
import typer

from api.commands import existing, progress
from api.commands.terminal import (
    DONE,
    IN_PART,
    DataOption,
    JsonOption,
    NetworkOption,
    out,
    print_json,
    say,
    table,
)
from api.compose import open_database
from api.ledgers import open_to_read, open_views
from api.settings import Settings
from consumers import verify as proof
from consumers.kafka.source import ChainReport
from consumers.projector import Projector
from consumers.verify import Proof, ViewReport
from projections.views import VIEWS, prepare

MAX_DIFFERENCES_SHOWN = 20

ViewsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[VIEW]...", help=f"Of {', '.join(VIEWS)}; without: all."),
]


def verify(
    *,
    views: ViewsArgument = None,
    data: DataOption = None,
    network: NetworkOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fold the ledger afresh and compare every row of the views: 0 differences, always.

    Works beside a running server, on its database. Of a ledger in Kafka the whole chain of blocks
    is proven too. Exit code 1 if anything differs.

    Example: onebook verify
    """
    settings = existing.load(data=data, network=network)
    with (
        progress.bars() as progressing,
        open_views(settings) as url,
        open_to_read(settings, url) as recorder,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        prepare(conn, settings.network)
        found = proof.prove(
            recorder,
            conn,
            settings.network,
            views or tuple(VIEWS),
            progress=lambda done, total: progressing("folding events", done, total),
        )
    print_json(found.views) if as_json else _show(found)
    raise typer.Exit(IN_PART if any(report.differences for report in found.views) else DONE)


def rebuild(
    *,
    views: ViewsArgument = None,
    data: DataOption = None,
    network: NetworkOption = None,
    as_json: JsonOption = False,
) -> None:
    """Empty views and fold them again from the ledger's first event.

    No server may run on the data directory. With a ledger in Kafka a projector stands by.

    Example: onebook rebuild inventory
    """
    settings = existing.load(data=data, network=network)
    names = views or list(VIEWS)
    with (
        progress.bars() as progressing,
        _views_alone(settings) as url,
        open_to_read(settings, url) as recorder,
    ):
        projector = Projector(recorder, url, settings.network)
        try:
            position = projector.rebuild(
                names, lambda done, total: progressing("folding events", done, total)
            )
        finally:
            projector.stop()
    if as_json:
        print_json({"views": names, "position": position})
    else:
        say(f"{', '.join(names)}: folded afresh up to position {position:,}")


@contextlib.contextmanager
def _views_alone(settings: Settings) -> Iterator[str]:
    if settings.kafka is not None and settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with open_database(settings) as opened:
        yield opened.database_url


def _show(found: Proof) -> None:
    reports = found.views
    numbers = ("position", "rows", "differences")
    shown = table(None, "view", *numbers, "digest", numbers=numbers)
    for report in reports:
        shown.add_row(
            report.view,
            f"{report.position:,}",
            f"{sum(each.rows for each in report.tables):,}",
            f"{report.differences:,}",
            report.view_digest[:16],
        )
    out.print(shown)
    for report in reports:
        _show_differences(report)
    total = sum(report.differences for report in reports)
    if found.chain is not None:
        _show_chain(found.chain)
    say(f"{total:,} differences between the views and a fresh fold of the ledger")


def _show_chain(chain: ChainReport) -> None:
    say(
        f"the ledger: {chain.blocks:,} blocks from the first record to position "
        f"{chain.position:,}, each on the hash of the one before; {chain.streams:,} streams "
        f"without gaps; {chain.skipped:,} records that do not count; head {chain.head_hash}"
    )


def _show_differences(report: ViewReport) -> None:
    for each in report.tables:
        for difference in each.differences[:MAX_DIFFERENCES_SHOWN]:
            say(
                f"{each.table} {difference.key}: ledger {difference.ledger}, view {difference.view}"
            )
    if report.conservation is not None:
        for broken in report.conservation.broken[:MAX_DIFFERENCES_SHOWN]:
            say(f"not conserved: {broken}")
