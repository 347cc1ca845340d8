"""Every value of a request against its rule, lines and other parts included."""

from msgspec import Struct
from msgspec.structs import fields

from ledger.domain.requests import AnyRequest
from ledger.domain.words import MAX_LINES
from ledger.door.faults import Malformed, shown
from ledger.door.rules import plan_of, rule_of


def check_fields(request: AnyRequest) -> None:
    """Raises Malformed for the first value that breaks its rule, or for too many lines."""
    count, many = 0, plan_of(type(request)).many
    for name in many:
        count += len(getattr(request, name))
        if count > MAX_LINES:
            what = " and ".join(many)
            raise Malformed(f"{count:,} {what}; at most {MAX_LINES:,} fit: send several", name)
    _check(request)


def _check(part: Struct) -> None:
    plan = plan_of(type(part))
    for name, holds in plan.fields:
        value = getattr(part, name)
        if value is not None and not holds(value):
            raise _broken(part, name, value)
    for name in plan.one:
        if (inner := getattr(part, name)) is not None:
            _check_at(inner, name)
    for name in plan.many:
        for index, line in enumerate(getattr(part, name)):
            _check_at(line, name, index)


def _check_at(part: Struct, name: str, index: int | None = None) -> None:
    try:
        _check(part)
    except Malformed as fault:
        raise fault.within(name if index is None else f"{name}[{index}]") from None


def _broken(part: Struct, name: str, value: object) -> Malformed:
    rule = rule_of(type(part), name)
    assert rule is not None, name
    wire = next(field.encode_name for field in fields(type(part)) if field.name == name)
    return Malformed(f"`{wire}` is {shown(value)}; send {rule.asks}", wire)
