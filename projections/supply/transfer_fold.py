"""What becomes of transfers, as the writer knows it (domain rule 10)."""

from msgspec import Struct
from msgspec.structs import astuple, replace

from ledger.domain.entries import TransferLineState
from ledger.domain.events import (
    StockReleased,
    StockReserved,
    StockSent,
    TransferCancelled,
    TransferClosed,
    TransferEvent,
    TransferOverdue,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from projections.episodes import NEVER, Episode, closed, opened
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, GroupedRows, Rows
from projections.supply.transfers import (
    NAME,
    TRANSFER_LINES,
    TRANSFERS,
    TransferLineRow,
    TransferRow,
    TransferState,
)
from projections.tables import Values

LineKey = tuple[str, str]


class LineState(Struct, frozen=True, gc=False):
    """A line and its place in its transfer."""

    number: int
    known: TransferLineState


class Transfers(Projection):
    """Folds transfers as the writer does."""

    name = NAME
    comment = TRANSFERS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.transfers: Rows[str, TransferRow] = Rows(
            TRANSFERS.select_by(TRANSFERS.key),
            table=TRANSFERS,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], TransferRow(*values)),
            limit=limit,
        )
        self.lines: GroupedRows[str, LineKey, LineState] = GroupedRows(
            TRANSFER_LINES.select_by(["transfer_id"]),
            group_of=lambda key: key[0],
            table=TRANSFER_LINES,
            pack=_pack,
            unpack=_unpack,
            limit=limit,
        )
        self.kept = (self.transfers, self.lines)
        self.folds = {
            TransferRequested: self._requested,
            TransferShipped: self._shipped,
            TransferReceived: self._received,
            TransferClosed: self._closed,
            TransferCancelled: self._cancelled,
            TransferOverdue: self._overdue,
            StockReserved: self._reserved,
            StockReleased: self._released,
            StockSent: self._sent,
        }

    def ask(self, batch: Batch) -> None:
        """The transfers that events name, with all their lines."""
        named = set()
        for _, event in batch:
            match event:
                case TransferEvent() | StockSent():
                    named.add(event.transfer_id)
                case StockReserved(held_for="transfer") | StockReleased(held_for="transfer"):
                    named.add(event.holder)
        self.transfers.ask(named)
        self.lines.ask(named)

    def _requested(self, position: int, event: TransferRequested) -> None:
        transfer_id = event.transfer_id
        row = TransferRow(
            transfer_id=transfer_id,
            from_location=event.from_location,
            to_location=event.to_location,
            state="requested",
            due=event.due,
            overdue=False,
            requested=sum(line.quantity for line in event.lines),
            shipped=0,
            accepted=0,
            damaged=0,
            missing=0,
            in_transit=0,
            lost=0,
            channel=event.channel,
            request_id=event.request_id,
            occurred_at=event.occurred_at,
            recorded_at=event.recorded_at,
            position=position,
            changed_position=position,
            cancelled=False,
            closed=False,
            overdue_since_position=None,
            overdue_since=None,
            overdue_until_position=None,
            overdue_until=None,
        )
        self.transfers.put(transfer_id, row)
        for number, line in enumerate(event.lines, start=1):
            known = TransferLineState(line.sku, line.quantity)
            self.lines.put((transfer_id, line.line_id), LineState(number, known))

    def _shipped(self, position: int, event: TransferShipped) -> None:
        known = self._line(event.transfer_id, event.line_id).known
        self._put(event, position, replace(known, shipped=known.shipped + event.quantity))

    def _received(self, position: int, event: TransferReceived) -> None:
        known = self._line(event.transfer_id, event.line_id).known
        after = replace(
            known,
            accepted=known.accepted + event.accepted,
            damaged=known.damaged + event.damaged,
            missing=known.missing + event.missing,
        )
        self._put(event, position, after)

    def _closed(self, position: int, event: TransferClosed) -> None:
        transfer_id = event.transfer_id
        for key, state in self.lines.items_of(transfer_id):
            self.lines.put(key, replace(state, known=replace(state.known, closed=True)))
        self._changes(position, event, closed=True)

    def _cancelled(self, position: int, event: TransferCancelled) -> None:
        self._changes(position, event, cancelled=True)

    def _overdue(self, position: int, event: TransferOverdue) -> None:
        row = self._row(event.transfer_id)
        self.transfers.put(event.transfer_id, _with(row, opened(_episode(row), position, event)))
        self._changes(position, event)

    def _reserved(self, position: int, event: StockReserved) -> None:
        if event.held_for == "transfer":
            self._reserves(position, event.holder, event.line_id, event.quantity)

    def _released(self, position: int, event: StockReleased) -> None:
        if event.held_for == "transfer":
            self._reserves(position, event.holder, event.line_id, -event.quantity)

    def _sent(self, position: int, event: StockSent) -> None:
        self._reserves(position, event.transfer_id, event.line_id, -event.reserved)

    def _reserves(self, position: int, transfer_id: str, line_id: str, quantity: int) -> None:
        state = self._line(transfer_id, line_id)
        known = replace(state.known, reserved=state.known.reserved + quantity)
        self.lines.put((transfer_id, line_id), replace(state, known=known))
        row = self._row(transfer_id)
        self.transfers.put(transfer_id, replace(row, changed_position=position))

    def _line(self, transfer_id: str, line_id: str) -> LineState:
        state = self.lines.get((transfer_id, line_id))
        assert state is not None, f"transfer {transfer_id} has no line {line_id}"
        return state

    def _row(self, transfer_id: str) -> TransferRow:
        row = self.transfers.get(transfer_id)
        assert row is not None, f"transfer {transfer_id} is not there"
        return row

    def _put(
        self, event: TransferShipped | TransferReceived, position: int, known: TransferLineState
    ) -> None:
        key = (event.transfer_id, event.line_id)
        self.lines.put(key, replace(self._line(*key), known=known))
        self._changes(position, event)

    def _changes(self, position: int, event: TransferEvent, **said: bool) -> None:
        """Derive from its lines what a transfer is, and whether it is still overdue."""
        row = replace(self._row(event.transfer_id), changed_position=position, **said)
        row = _derived(row, [state.known for state in self.lines.group(event.transfer_id)])
        if row.state not in _UNFINISHED:
            row = _with(row, closed(_episode(row), position, event))
        self.transfers.put(event.transfer_id, row)


_UNFINISHED = ("requested", "in_transit")


def _derived(row: TransferRow, lines: list[TransferLineState]) -> TransferRow:
    return replace(
        row,
        state=_state(row, lines),
        requested=sum(line.requested for line in lines),
        shipped=sum(line.shipped for line in lines),
        accepted=sum(line.accepted for line in lines),
        damaged=sum(line.damaged for line in lines),
        missing=sum(line.missing for line in lines),
        in_transit=sum(line.in_transit for line in lines),
        lost=sum(line.lost for line in lines),
    )


def _state(row: TransferRow, lines: list[TransferLineState]) -> TransferState:
    if row.closed:
        return "closed"
    if any(line.in_transit for line in lines):
        return "in_transit"
    if row.cancelled:
        return "cancelled"
    return "received" if all(line.shipped >= line.requested for line in lines) else "requested"


def _episode(row: TransferRow) -> Episode:
    if row.overdue_since_position is None:
        return NEVER
    return Episode(
        row.overdue_since_position,
        row.overdue_since,
        row.overdue_until_position,
        row.overdue_until,
    )


def _with(row: TransferRow, episode: Episode) -> TransferRow:
    return replace(
        row,
        overdue=episode.stands,
        overdue_since_position=episode.since_position,
        overdue_since=episode.since,
        overdue_until_position=episode.until_position,
        overdue_until=episode.until,
    )


def _pack(key: LineKey, state: LineState) -> Values:
    known = state.known
    return (
        key[1],
        known.sku,
        known.requested,
        known.reserved,
        known.shipped,
        known.accepted,
        known.damaged,
        known.missing,
        known.in_transit,
        known.lost,
        key[0],
        state.number,
        known.closed,
    )


def _unpack(values: Values) -> tuple[LineKey, LineState]:
    row = TransferLineRow(*values)
    known = TransferLineState(
        row.sku,
        row.requested,
        row.shipped,
        row.accepted,
        row.damaged,
        row.missing,
        row.reserved,
        closed=row.closed,
    )
    return (row.transfer_id, row.line_id), LineState(row.number, known)
