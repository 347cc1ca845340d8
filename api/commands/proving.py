"""`onebook verify | rebuild`: the views against the ledger."""

from typing import Annotated, Final

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
from api.ledgers import open_to_read, open_views
from consumers.kafka.source import ChainReport
from consumers.projecting.parallel import LedgerAt
from consumers.proving import rebuild as rebuilding
from consumers.proving import verify as proof
from consumers.proving.rebuild import Rebuilt
from consumers.proving.verify import Proof, ViewReport
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
    """Fold views afresh from the ledger's first event, beside those that are read meanwhile.

    Each view's rows are then made equal to the new copy's, in one transaction; where its definition
    did not change, that proves whether they were right. Works beside a running server, on its
    database. Ended half way, even by kill -9, it changes nothing, and the next one goes on there.
    Exit code 1 if rows were not what the ledger says.

    Example: onebook rebuild inventory
    """
    settings = existing.load(data=data, network=network)
    with progress.bars() as progressing, open_views(settings) as url:
        rebuilt = rebuilding.rebuild(
            LedgerAt(settings.network, url, settings.kafka),
            views or tuple(VIEWS),
            progress=lambda done, total: progressing("folding events", done, total),
        )
    print_json(rebuilt) if as_json else _show_rebuilt(rebuilt)
    raise typer.Exit(IN_PART if any(view.proven is False for view in rebuilt) else DONE)


_FOUND: Final = {True: "as the ledger says", False: "were wrong", None: "of another release"}


def _show_rebuilt(rebuilt: list[Rebuilt]) -> None:
    numbers = ("position", "rows changed")
    shown = table(None, "view", *numbers, "rows before", "digest", numbers=numbers)
    for view in rebuilt:
        shown.add_row(
            view.view,
            f"{view.position:,}",
            f"{view.different_rows:,}",
            _FOUND[view.proven],
            view.digest[:16],
        )
    out.print(shown)
    for view in rebuilt:
        for each in view.differences if view.proven is False else ():
            say(f"{each.table} {each.key}: {each.difference}")
    say(f"{len(rebuilt)} views folded afresh; reads and writes went on meanwhile")


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
    if not report.digest_is_kept:
        say(f"view {report.view}: the digest that is kept is not that of the rows that stand there")
    if report.conservation is not None:
        for broken in report.conservation.broken[:MAX_DIFFERENCES_SHOWN]:
            say(f"not conserved: {broken}")
