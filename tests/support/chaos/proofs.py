"""What must hold after a run, whatever was killed: each law, and whatever breaks it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from chaos import answers, deadlines, inputs, replay
from chaos.evidence import Evidence, Violation

MAX_SHOWN: Final = 25
"""Of one law; one bug may break it for every request."""

Law = Callable[[Evidence], Iterator[Violation]]


def views_equal_a_fold(evidence: Evidence) -> Iterator[Violation]:
    """Every view has consumed the whole ledger, stands on its chain, and equals a fresh fold."""
    if evidence.views is None:
        return
    ledger = evidence.ledger
    hashes = {block.hash for block in ledger.blocks if block.last == ledger.position}
    for check in evidence.views.checks:
        if check.position != ledger.position:
            says = f"stands at {check.position}, the ledger at {ledger.position}"
            yield Violation("views", says, (check.view,))
        if check.head_hash not in hashes:
            yield Violation("views", f"stands on {check.head_hash}, not the head", (check.view,))
        if check.differences or check.ledger_digest != check.view_digest:
            says = f"{check.differences} differences from a fresh fold"
            yield Violation("views", says, (check.view,))


LAWS: Final[Sequence[Law]] = (
    answers.chain_follows,
    answers.time_goes_on,
    answers.answered_once,
    answers.clients_were_served,
    answers.acknowledged_stays,
    answers.order_of_the_world,
    deadlines.passed_in_order,
    deadlines.holds_end_once,
    replay.replayed,
    inputs.inputs_are_consumed,
    inputs.refused_inputs_are_kept,
    inputs.published_is_there,
    views_equal_a_fold,
)


def prove(evidence: Evidence) -> list[Violation]:
    """Hold every law against the evidence; at most MAX_SHOWN violations of each are named."""
    return [broken for law in LAWS for broken in islice(law(evidence), MAX_SHOWN)]
