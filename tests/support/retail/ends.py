"""What must hold when the days are over: nothing is held, nothing on the way, nothing overdue."""

from retail.desk import Desk


def at_the_end(desk: Desk) -> None:
    """Everything once more, and that what had to end has ended."""
    desk.proofs.overall()
    state = desk.state
    if desk.taken:
        last = desk.taken[-1].arrives
        overdue = [key for key in state.deadlines if key[0] <= last]
        assert not overdue, f"deadlines in the past: {overdue}"
    every_hold_has_its_end(desk)
    closed = [key for key, line in state.transfer_lines.items() if line.closed]
    for key in closed:
        line = state.transfer_lines[key]
        assert line.in_transit == 0 == line.reserved, (key, line)


def every_hold_has_its_end(desk: Desk) -> None:
    """What is still held has a deadline to come; what is over is wholly given back."""
    state = desk.state
    for (held_for, holder, line_id), left in desk.proofs.accounts.reserved.items():
        if held_for == "hold":
            hold = state.holds.get((holder, line_id))
            stands = 0 if hold is None else hold.quantity
            assert stands == left, f"hold {holder!r} {line_id!r}: {left} never given back"
        else:
            line = state.transfer_lines[(holder, line_id)]
            assert line.reserved == left, f"transfer {holder!r} {line_id!r}: {left} left"
