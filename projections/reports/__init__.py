"""Reports: what people expect to be told of stock, sales, service and customers.

Each is a SQL view over the flat tables, or a function where it needs parameters, with a comment on
every column: for any BI tool, and for our own answers, which sum up its rows (`reads`).
"""

from hashlib import sha256
from typing import Any, Final

from psycopg import Connection

from ledger.log import get_logger
from projections.reports.costing import AVERAGES, LAYERS, MOVING_AVERAGE
from projections.reports.moving import MOVEMENTS, MOVEMENTS_BY_DAY
from projections.reports.people import CUSTOMER_VALUE, CUSTOMERS
from projections.reports.report import Report
from projections.reports.selling import (
    RETURNS_RATE,
    SALES,
    SALES_BY_DAY,
    SELL_THROUGH,
    SELL_THROUGH_PARTS,
)
from projections.reports.serving import DEMAND, FILL_RATE
from projections.reports.shortages import EPISODES, SHORTAGES
from projections.reports.stock import AGEING, STOCK_AGEING, STOCK_VALUATION, VALUATION
from projections.sql_views import SqlAggregate, SqlFunction, SqlView

log = get_logger(__name__)

REPORTS: Final[dict[str, Report]] = {
    report.name: report
    for report in (
        STOCK_VALUATION,
        STOCK_AGEING,
        SELL_THROUGH,
        MOVEMENTS,
        SALES,
        RETURNS_RATE,
        FILL_RATE,
        SHORTAGES,
        CUSTOMERS,
    )
}
MADE_OF: Final[tuple[SqlView | SqlFunction | SqlAggregate, ...]] = (
    MOVING_AVERAGE,
    LAYERS,
    AVERAGES,
    VALUATION,
    AGEING,
    SALES_BY_DAY,
    SELL_THROUGH_PARTS,
    MOVEMENTS_BY_DAY,
    DEMAND,
    EPISODES,
    CUSTOMER_VALUE,
)
"""What the reports are made of in the database: what reads another stands behind it."""
MARK: Final = "report_definitions"
"""A view in the database that says of which definition its reports are."""


def create(conn: Connection[Any]) -> None:
    """Create the reports in the database where they are missing; anew, where they are others.

    They hold no rows, so no view is folded afresh for them.
    """
    wanted = definition()
    if _made(conn) not in {None, wanted}:
        log.info("reports_of_another_release_are_made_anew")
        for each in reversed(MADE_OF):
            each.drop(conn)
        conn.execute(f"DROP VIEW IF EXISTS {MARK}")
    for each in MADE_OF:
        each.create(conn)
    if _made(conn) is None:
        conn.execute(f"CREATE VIEW {MARK} AS SELECT '{wanted}'::text AS definition")
        conn.execute(
            f"COMMENT ON VIEW {MARK} IS 'Of which definition the reports in this database are.'"
        )
        conn.execute(f"COMMENT ON COLUMN {MARK}.definition IS 'SHA-256 of their definitions.'")


def definition() -> str:
    """What tells these reports from those of another release."""
    return sha256("\n".join(each.definition for each in MADE_OF).encode()).hexdigest()


def _made(conn: Connection[Any]) -> str | None:
    if conn.execute("SELECT to_regclass(%s)", [MARK]).fetchone() == (None,):
        return None
    found = conn.execute(f"SELECT definition FROM {MARK}").fetchone()  # noqa: S608 - ours
    return None if found is None else str(found[0])
