"""`onebook verify | rebuild`: the views against the ledger."""

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
from api.compose import open_beside, open_database
from consumers import verify as proof
from consumers.projector import Projector
from consumers.verify import ViewReport
from ledger.opening import open_ledger
from ledger.postgres import environment
from projections.views import VIEWS, create

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

    Works beside a running server, on its database. Exit code 1 if anything differs.

    Example: onebook verify
    """
    settings = existing.load(data=data, network=network)
    with (
        progress.bars() as progressing,
        open_beside(settings) as url,
        open_ledger(environment(url), settings.network) as recorder,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        create(conn, settings.network, (view() for view in VIEWS.values()))
        reports = proof.verify(
            recorder,
            conn,
            settings.network,
            views or tuple(VIEWS),
            progress=lambda done, total: progressing("folding events", done, total),
        )
    print_json(reports) if as_json else _show(reports)
    raise typer.Exit(IN_PART if any(report.differences for report in reports) else DONE)


def rebuild(
    *,
    views: ViewsArgument = None,
    data: DataOption = None,
    network: NetworkOption = None,
    as_json: JsonOption = False,
) -> None:
    """Empty views and fold them again from the ledger's first event. No server may run.

    Example: onebook rebuild inventory
    """
    settings = existing.load(data=data, network=network)
    names = views or list(VIEWS)
    with (
        progress.bars() as progressing,
        open_database(settings) as opened,
        open_ledger(environment(opened.database_url), settings.network) as recorder,
    ):
        projector = Projector(recorder, opened.database_url, settings.network)
        position = projector.rebuild(
            names, lambda done, total: progressing("folding events", done, total)
        )
    if as_json:
        print_json({"views": names, "position": position})
    else:
        say(f"{', '.join(names)}: folded afresh up to position {position:,}")


def _show(reports: list[ViewReport]) -> None:
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
    say(f"{total:,} differences between the views and a fresh fold of the ledger")


def _show_differences(report: ViewReport) -> None:
    for each in report.tables:
        for difference in each.differences[:MAX_DIFFERENCES_SHOWN]:
            say(
                f"{each.table} {difference.key}: ledger {difference.ledger}, view {difference.view}"
            )
    if report.conservation is not None:
        for broken in report.conservation.broken[:MAX_DIFFERENCES_SHOWN]:
            say(f"not conserved: {broken}")
