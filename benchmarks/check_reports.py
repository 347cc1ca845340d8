"""Prove the reports on an Online Retail file: against sums by code that shares nothing with them.

    python -m benchmarks.check_reports FILE [DATABASE_URL [NETWORK]]
        imports the file, with opening balances, into an empty ledger of a temporary PostgreSQL,
        or takes the ledger into which it was imported so, and nothing else since

Prints a line for each report, with how long it took; exits 1 if anything differs.
"""

import asyncio
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import report_sums
from benchmarks.bench import scratch_folder
from benchmarks.check_full_import import ledger_in, send_file
from benchmarks.report_sums import Found, Invoices, rate
from consumers.embedded import EmbeddedPostgres
from consumers.ingest.examples import MAPPING, example
from consumers.ingest.mapping import load_mapping
from projections.reading import configure
from projections.reports import REPORTS
from projections.reports.reads import report_rows
from projections.reports.report import Asked

AT = datetime.fromisoformat("2012-01-01T00:00:00+00:00")
BANDS = (30, 60, 90, 180, 365)


class Reports:
    """The reports of a database, whole."""

    def __init__(self, database_url: str, network: str = "main") -> None:
        self.url, self.network = database_url, network

    def rows(self, name: str, by: str, method: str = "fifo") -> list[dict[str, Any]]:
        """All rows of a report of all time, by column."""
        return asyncio.run(self._rows(name, Asked(at=AT, bands=BANDS, by=by, method=method)))

    async def _rows(self, name: str, asked: Asked) -> list[dict[str, Any]]:
        report = REPORTS[name]
        names = [column.name for column in report.columns]
        async with await psycopg.AsyncConnection.connect(self.url) as conn:
            await configure(conn)
            found = report_rows(conn, self.network, report, asked)
            return [dict(zip(names, row, strict=True)) async for _, row in found if row]


def said(reports: Reports, told: Invoices) -> dict[str, tuple[Found, Found]]:
    """Of each report: what it says, and what it must say."""
    left = report_sums.sold_and_left(told)
    return {
        "sales": (_sales(reports), report_sums.sales(told)),
        "movements": (_movements(reports), report_sums.movements(told)),
        "sell-through": (
            {
                row["sku"]: (row["sold_units"], row["on_hand_units"], row["sell_through_bp"])
                for row in reports.rows("sell-through", "sku")
            },
            {
                sku: (sold, there, rate(sold, sold + there))
                for sku, (sold, returned, there) in left.items()
                if sold or returned or there
            },
        ),
        "returns-rate": (
            {
                row["sku"]: (row["sold_units"], row["returned_units"], row["returns_rate_bp"])
                for row in reports.rows("returns-rate", "sku")
                if row["sold_units"] or row["returned_units"]
            },
            {
                sku: (sold, returned, rate(returned, sold))
                for sku, (sold, returned, _) in left.items()
                if sold or returned
            },
        ),
        "stock-valuation": (
            _valuation(reports, "fifo"),
            {sku: (0, None, there) for sku, (_, _, there) in left.items() if there},
        ),
        "stock-valuation by average": (
            _valuation(reports, "average"),
            {sku: (0, None, there) for sku, (_, _, there) in left.items() if there},
        ),
        "stock-ageing": (
            {
                (row["sku"], row["from_days"]): row["units"]
                for row in reports.rows("stock-ageing", "sku")
            },
            report_sums.ages(told, AT, BANDS),
        ),
        "customer-value": (
            {
                row["customer_id"]: (
                    row["purchases"], row["bought_minor"], row["returned_minor"]
                )
                for row in reports.rows("customer-value", "person")
            },
            report_sums.customers(told),
        ),
    }  # fmt: skip


def _sales(reports: Reports) -> Found:
    sums = (
        "sold_units", "sold_minor", "returned_units", "returned_minor", "service_minor",
        "service_returned_minor",
    )  # fmt: skip
    return {
        (row["day"], row["channel"], row["sku"]): tuple(row[name] for name in sums)
        for row in reports.rows("sales", "item")
    }


def _movements(reports: Reports) -> Found:
    return {
        (row["type"], row["reason"]): (row["movements"], row["net_units"])
        for row in reports.rows("movements", "reason")
        if row["type"] not in {"stock_counted", "stock_count_revised"}
    }


def _valuation(reports: Reports, method: str) -> Found:
    return {
        row["sku"]: (row["units"], row["value_minor"], row["uncosted_units"])
        for row in reports.rows("stock-valuation", "sku", method)
    }


def check(file: Path, database_url: str, network: str = "main") -> bool:
    """Print what of each report differs; whether nothing does."""
    told, reports = Invoices(file), Reports(database_url, network)
    same = True
    for name, (is_, must_be) in said(reports, told).items():
        keys = is_.keys() | must_be.keys()
        wrong = [key for key in keys if is_.get(key) != must_be.get(key)]
        same = same and not wrong and bool(must_be)
        print(f"{name}: {len(must_be):,} compared, {len(wrong):,} differ")
        for key in sorted(wrong, key=str)[:3]:
            print(f"  {key}: is {is_.get(key)}, must be {must_be.get(key)}")
    for name, report in REPORTS.items():
        begun = time.perf_counter()
        rows = reports.rows(name, report.default_by)
        print(f"{name}: {len(rows):,} rows in {time.perf_counter() - begun:.2f} s")
    return same


def main(file: str, *where: str) -> int:
    """The exit code: 0 if everything is the same. `where` is as the command line has it."""
    if where:
        return 0 if check(Path(file), *where) else 1
    with (
        scratch_folder() as folder,
        EmbeddedPostgres(folder / "data") as server,
        ledger_in(server, "reports") as node,
    ):
        mapping = load_mapping(example(MAPPING))
        send_file(node, Path(file), mapping, opening_balances=True)
        return 0 if check(Path(file), node.database_url) else 1


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3, 4}:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
