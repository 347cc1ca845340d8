"""Proving the views: folded afresh from the ledger, they must hold the same rows.

The fold is the projections' own, in memory. What is only ever appended is compared as it goes by;
of the other tables the rows are in memory until the end. A ledger in Kafka is walked from its
first record to its end, and its chain is proven on the way.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any

import psycopg
from eventsourcing.persistence import ApplicationRecorder
from msgspec import Struct

from consumers.kafka.source import ChainReport, ProvingSource
from consumers.projecting.batches import MAX_BATCH_EVENTS
from consumers.projecting.source import PostgresSource, Source, ViewsAheadOfLedger
from consumers.proving.compare import CHUNK_ROWS, Comparison, TableReport
from consumers.proving.conservation import Conservation, ConservationReport
from ledger.kafka.chain import Checkpoint
from ledger.kafka.recorder import ReadOnlyRecorder
from projections import digests, views
from projections.keeping import checkpoints
from projections.projection import Batch, Projection, Takes, split
from projections.rows import AppendedRows

Progress = Callable[[int, int], None]
"""Called after each batch with the position and the last one to come."""


class ViewReport(Struct, frozen=True):
    """A view at its position beside a fresh fold. The digest is of its tables' digests.

    `digest_is_kept`: the digest that is kept up with the view is that of the rows that stand there.
    """

    view: str
    position: int
    ledger_digest: str
    view_digest: str
    tables: tuple[TableReport, ...]
    conservation: ConservationReport | None = None
    digest_is_kept: bool = True

    @property
    def differences(self) -> int:
        """Rows that differ, skus whose stock is not what its events sum to, and a wrong digest."""
        broken = self.conservation.broken_skus if self.conservation else 0
        rows = sum(table.different_rows for table in self.tables)
        return rows + broken + (not self.digest_is_kept)


class Proof(Struct, frozen=True):
    """The views beside a fresh fold, and what was proven of a ledger in Kafka.

    None for one in PostgreSQL, whose own constraints keep positions and versions apart.
    """

    views: list[ViewReport]
    chain: ChainReport | None


def verify(
    recorder: ApplicationRecorder,
    conn: psycopg.Connection[Any],
    network: str,
    names: Iterable[str] = tuple(views.VIEWS),
    *,
    progress: Progress | None = None,
) -> list[ViewReport]:
    """The views' part of `prove`."""
    return prove(recorder, conn, network, names, progress=progress).views


def prove(
    recorder: ApplicationRecorder,
    conn: psycopg.Connection[Any],
    network: str,
    names: Iterable[str] = tuple(views.VIEWS),
    *,
    progress: Progress | None = None,
) -> Proof:
    """Fold the ledger up to each view's position and compare; with inventory, conservation too.

    Of a ledger in Kafka the whole chain is proven, and that each view stands on a block of it.
    `conn` must not be in a transaction; the views may be written meanwhile. Raises ViewsOutdated,
    ViewsAheadOfLedger, FoldFailed, UnknownView, LedgerCorrupt, and what the database and the
    recorder raise.
    """
    views.configure(conn)
    with _snapshot(conn), contextlib.closing(_source(recorder)) as source:
        views.check(conn, network, (view() for view in views.named(names)))
        stored = checkpoints.stands(conn, network)
        stands = {view.name: stored.get(view.name, Checkpoint()) for view in views.named(names)}
        checked = [
            _Checked(conn, network, view(limit=None), stands[view.name].head.position)
            for view in views.named(names)
        ]
        source.prove(stands)
        _fold(source, checked, progress)
        chain = source.finish() if isinstance(source, ProvingSource) else None
        return Proof([one.report(conn, network) for one in checked], chain)


def _source(recorder: ApplicationRecorder) -> Source:
    if isinstance(recorder, ReadOnlyRecorder):
        return ProvingSource(recorder)
    return PostgresSource(recorder)


class _Checked:
    """A view being folded afresh beside its tables."""

    def __init__(
        self, conn: psycopg.Connection[Any], network: str, view: Projection, position: int
    ) -> None:
        self.view, self.position = view, position
        self._pairs = [
            (rows, Comparison(conn, network, rows.table))
            for rows in view.all_rows
            if rows.table is not None
        ]
        self._conservation = Conservation() if view.name == "inventory" else None

    @property
    def takers(self) -> list[Takes]:
        """Who takes events: the view, and whoever proves more of it."""
        return [self.view] if self._conservation is None else [self.view, self._conservation]

    def take(self, events: Batch, more: Batch = ()) -> None:
        """Fold the view's events of a batch, and compare what it appends; `more` is conserved."""
        self.view.ask(events)
        self.view.fold(events)
        for rows, comparison in self._pairs:
            if isinstance(rows, AppendedRows):
                comparison.expect(rows.rows)
        self.view.settle()
        if self._conservation is not None:
            self._conservation.take(more)

    def report(self, conn: psycopg.Connection[Any], network: str) -> ViewReport:
        """Compare what the view keeps, and say what was found."""
        for rows, comparison in self._pairs:
            if not isinstance(rows, AppendedRows):
                for chunk in _chunks(rows.in_order()):
                    comparison.expect(chunk)
        tables = tuple(comparison.report() for _, comparison in self._pairs)
        conserved = None
        if self._conservation is not None:
            conserved = self._conservation.report(
                _on_hand(conn, network), _in_transit(conn, network, self.position)
            )
        return ViewReport(
            self.view.name,
            self.position,
            _digest(table.ledger_digest for table in tables),
            _digest(table.view_digest for table in tables),
            tables,
            conserved,
            self._digest_is_kept(conn, network),
        )

    def _digest_is_kept(self, conn: psycopg.Connection[Any], network: str) -> bool:
        kept = checkpoints.kept(conn, network).get(self.view.name)
        stands = digests.of_stored(conn, network, self.view.tables)
        return stands == (0 if kept is None else kept.digest)


def _fold(source: Source, checked: Sequence[_Checked], progress: Progress | None) -> None:
    """Read a ledger in Kafka to its end, one in PostgreSQL as far as views have seen it."""
    last = max((one.position for one in checked), default=0)
    stop = None if isinstance(source, ProvingSource) else last
    end = max(source.end(), last) if stop is None else last
    at = Checkpoint()
    while taken := source.read(at, stop, MAX_BATCH_EVENTS):
        _take(checked, at.head.position, taken.events)
        at = taken.checkpoint
        if progress is not None:
            progress(at.head.position, max(end, at.head.position))
    if at.head.position < last:
        raise ViewsAheadOfLedger(
            f"the ledger ends at position {at.head.position}, but views have seen {last}: it lost "
            f"events; restore it, or run `onebook rebuild`"
        )


def _take(checked: Sequence[_Checked], before: int, batch: Batch) -> None:
    whole = [one for one in checked if one.position >= batch[-1][0]]
    events = iter(split([taker for one in whole for taker in one.takers], batch))
    for one in whole:
        one.take(*islice(events, len(one.takers)))
    for one in checked:
        if before < one.position < batch[-1][0]:
            one.take(*split(one.takers, batch[: one.position - before]))


@contextlib.contextmanager
def _snapshot(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """All reads see the views, and their checkpoints, as of one instant."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _on_hand(conn: psycopg.Connection[Any], network: str) -> dict[str, int]:
    found = conn.execute(
        "SELECT sku, sum(on_hand) FROM inventory WHERE network = %s GROUP BY sku", [network]
    )
    return dict(found.fetchall())


def _in_transit(
    conn: psycopg.Connection[Any], network: str, position: int
) -> dict[str, int] | None:
    """What the view of transfers shows by sku; None if it stands elsewhere."""
    stand = checkpoints.positions(conn, network).get("transfers")
    if stand != position:
        return None
    found = conn.execute(
        "SELECT sku, sum(in_transit) FROM transfer_lines WHERE network = %s GROUP BY sku", [network]
    )
    return dict(found.fetchall())


def _digest(digests: Iterable[str]) -> str:
    return sha256("\n".join(digests).encode()).hexdigest()


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk
