"""What a single value must be beyond its type: one rule a field, for the door and the schemas.

A field's name means the same everywhere, so rules go by name, with the few exceptions named
beside. A field that has neither a rule nor a type that says it all is a KeyError as soon as its
struct is planned: nothing enters unchecked by oversight.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from msgspec import Struct

from ledger.domain import requests
from ledger.domain.words import (
    MAX_AMOUNT_MINOR,
    MAX_ATTRIBUTES,
    MAX_ID_LENGTH,
    MAX_LINES,
    MAX_QUANTITY,
    MAX_TEXT_LENGTH,
    SALE_PREFIX,
    WRITER_CHANNEL,
)

MAX_CHANNEL_LENGTH: Final = 40
CHANNEL_PATTERN: Final = f"[a-z0-9][a-z0-9-]{{0,{MAX_CHANNEL_LENGTH - 1}}}"
UNLINKABLE: Final = (".", "..")
"""As a part of an address these mean a folder, also percent-encoded: a browser drops them."""
MAX_LATITUDE_UDEG: Final = 90_000_000
MAX_LONGITUDE_UDEG: Final = 180_000_000
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9998
"""Of a day something is due: its end, in any time zone, is still a time."""
_channel = re.compile(CHANNEL_PATTERN).fullmatch
_currency = re.compile("[A-Z]{3}").fullmatch
_control = re.compile(r"[\x00-\x1f\x7f-\x9f]").search


class Rule(Struct, frozen=True, eq=False):
    """Whether a value `holds`, what the door `asks` for else, and the same as JSON Schema."""

    holds: Callable[[Any], object]
    asks: str
    schema: Mapping[str, object] = {}


def _whole(low: int, high: int, *, but_zero: bool = False) -> Rule:
    asks = f"a whole number from {low:,} to {high:,}" + (", not 0" if but_zero else "")
    schema: dict[str, object] = {"minimum": low, "maximum": high}
    if but_zero:
        return Rule(lambda n: low <= n <= high and n != 0, asks, schema | {"not": {"const": 0}})
    return Rule(lambda n: low <= n <= high, asks, schema)


def _is_id(text: str) -> bool:
    return (
        text.isprintable()
        and text == text.strip(" ")
        and 0 < len(text) <= MAX_ID_LENGTH
        and text not in UNLINKABLE
    )


def _is_order_id(text: str) -> bool:
    return _is_id(text) and not text.startswith(SALE_PREFIX)


def _is_order_or_sale(text: str) -> bool:
    if not text.startswith(SALE_PREFIX):
        return _is_id(text)
    channel, _, request_id = text[len(SALE_PREFIX) :].partition(":")
    return _is_channel(channel) and _is_id(request_id)


def _is_text(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT_LENGTH and not text.isspace() and not _control(text)


def _is_channel(text: str) -> bool:
    return _channel(text) is not None and text != WRITER_CHANNEL


def _is_time(time: datetime) -> bool:
    if time.tzinfo is UTC:
        return True
    try:
        return time.tzinfo is not None and time.astimezone(UTC) is not None
    except OverflowError:
        return False


def _is_day(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR


def _is_gtin(text: str) -> bool:
    """GS1: from the right, digits weigh 1 and 3 in turn; the sum is a multiple of ten."""
    if len(text) not in (8, 12, 13, 14) or not (text.isascii() and text.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(text)]
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime", "posixrules"}


def _several(rule: Rule) -> Rule:
    """A list of texts that each hold to a rule, and differ."""

    def hold(texts: tuple[str, ...]) -> bool:
        few = len(texts) <= MAX_LINES
        return few and all(map(rule.holds, texts)) and len(set(texts)) == len(texts)

    return Rule(
        hold,
        f"at most {MAX_LINES:,} different ids, each of {rule.asks}",
        {"maxItems": MAX_LINES, "uniqueItems": True, "items": {"type": "string", **rule.schema}},
    )


def _are_attributes(attributes: dict[str, str]) -> bool:
    return (
        len(attributes) <= MAX_ATTRIBUTES
        and all(map(_is_id, attributes))
        and all(map(_is_text, attributes.values()))
    )


_ID_ASKS = (
    f"1 to {MAX_ID_LENGTH} printable characters without a space at either end, not `.` or `..`, "
    "which no address can name"
)
_ID_SCHEMA = {"minLength": 1, "maxLength": MAX_ID_LENGTH, "pattern": r"^(?!\.\.?$)\S(.*\S)?$"}
_TEXT_SCHEMA = {"minLength": 1, "maxLength": MAX_TEXT_LENGTH}

ID: Final = Rule(_is_id, _ID_ASKS, _ID_SCHEMA)
ORDER_ID: Final = Rule(
    _is_order_id,
    f"{_ID_ASKS}, and not beginning with `{SALE_PREFIX}` (use void_sale to undo a recorded sale, "
    "and `sale` to return goods of one)",
    _ID_SCHEMA | {"pattern": rf"^(?!\.\.?$|{SALE_PREFIX})\S(.*\S)?$"},
)
ORDER_OR_SALE: Final = Rule(
    _is_order_or_sale,
    f"an order's id of {_ID_ASKS}; or `{SALE_PREFIX}{{channel}}:{{request_id}}` for a sale",
    {
        "minLength": 1,
        "maxLength": len(f"{SALE_PREFIX}:") + MAX_CHANNEL_LENGTH + MAX_ID_LENGTH,
        "pattern": rf"^((?!\.\.?$|{SALE_PREFIX})|{SALE_PREFIX}{CHANNEL_PATTERN}:)\S(.*\S)?$",
    },
)
TEXT: Final = Rule(
    _is_text,
    f"1 to {MAX_TEXT_LENGTH:,} characters, not only spaces, without control characters; "
    "or leave it out",
    _TEXT_SCHEMA,
)
CHANNEL: Final = Rule(
    _is_channel,
    "1 to 40 of a-z, 0-9 and -, beginning with a letter or digit; "
    f"`{WRITER_CHANNEL}` is reserved for the ledger itself",
    {"pattern": f"^{CHANNEL_PATTERN}$", "not": {"const": WRITER_CHANNEL}},
)
TIME: Final = Rule(
    _is_time,
    "a time with its offset, in the years 1 to 9999, such as 2026-03-01T10:12:05+01:00",
    {"format": "date-time"},
)
DAY: Final = Rule(
    _is_day,
    f"a day of the years {FIRST_YEAR} to {LAST_YEAR}, such as 2026-03-08",
    {"format": "date"},
)
QUANTITY: Final = _whole(1, MAX_QUANTITY)
SIGNED: Final = _whole(-MAX_QUANTITY, MAX_QUANTITY, but_zero=True)
COUNT: Final = _whole(0, MAX_QUANTITY)
AMOUNT: Final = _whole(0, MAX_AMOUNT_MINOR)
SIGNED_AMOUNT: Final = _whole(-MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR)
LATITUDE: Final = _whole(-MAX_LATITUDE_UDEG, MAX_LATITUDE_UDEG)
LONGITUDE: Final = _whole(-MAX_LONGITUDE_UDEG, MAX_LONGITUDE_UDEG)
CURRENCY: Final = Rule(_currency, "three capitals, such as EUR", {"pattern": "^[A-Z]{3}$"})
GTIN: Final = Rule(
    _is_gtin,
    "8, 12, 13 or 14 digits of which the last is the GS1 check digit",
    {"pattern": "^([0-9]{8}|[0-9]{12,14})$"},
)
TIME_ZONE: Final = Rule(
    lambda name: name in _time_zones(), "an IANA time zone, such as Europe/Berlin"
)
IDS: Final = _several(ID)
ORDER_IDS: Final = _several(ORDER_OR_SALE)
ATTRIBUTES: Final = Rule(
    _are_attributes,
    f"at most {MAX_ATTRIBUTES} texts of 1 to {MAX_TEXT_LENGTH:,} characters, "
    f"without control characters, each under a name of {_ID_ASKS}",
    {
        "maxProperties": MAX_ATTRIBUTES,
        "propertyNames": _ID_SCHEMA,
        "additionalProperties": {"type": "string"} | _TEXT_SCHEMA,
    },
)

_NAMES: Final[dict[Rule, tuple[str, ...]]] = {
    ID: (
        "request_id", "line_id", "of_line_id", "sku", "location", "customer_id", "supply_id",
        "shipment_id", "payment_id", "bundle", "transfer_id", "return_id", "owner", "hold_owner",
        "from_location", "to_location", "into", "scheme", "identity", "purpose",
    ),
    TEXT: (
        "actor", "reason", "reference", "title", "tender", "carrier", "tracking_number",
        "provider_reference", "region", "lot", "serial", "topic",
    ),
    ORDER_ID: ("order_id", "of_order_id"),
    CHANNEL: ("channel",),
    TIME: ("occurred_at", "until", "expires_at"),
    DAY: ("due",),
    QUANTITY: ("quantity",),
    COUNT: ("daily_capacity", "cap", "accepted", "damaged", "missing"),
    SIGNED_AMOUNT: ("unit_price_minor", "tax_minor"),
    AMOUNT: ("price_minor", "unit_cost_minor", "handling_cost_minor", "amount_minor"),
    LATITUDE: ("latitude_udeg",),
    LONGITUDE: ("longitude_udeg",),
    CURRENCY: ("currency",),
    GTIN: ("gtin",),
    TIME_ZONE: ("time_zone",),
    IDS: ("locations", "line_ids"),
    ORDER_IDS: ("order_ids",),
    ATTRIBUTES: ("attributes",),
}  # fmt: skip
_BY_NAME: Final = {name: rule for rule, names in _NAMES.items() for name in names}
_EXCEPTIONS: Final[dict[tuple[type, str], Rule]] = {
    (requests.AdjustLine, "quantity"): SIGNED,
    (requests.CountLine, "quantity"): COUNT,
    (requests.SafetyLine, "quantity"): COUNT,
    (requests.BufferLine, "quantity"): COUNT,
    (requests.RecordContact, "order_id"): ORDER_OR_SALE,
    (requests.RecordPayment, "lines"): IDS,
}
_SAID_BY_TYPE: Final = frozenset({
    "kind", "state", "from_state", "to_state", "scope", "how", "active", "ships", "pickup",
    "allow_part", "allow_split", "allow_backorder", "anywhere", "cause", "disposition", "to",
    "from_disposition", "means", "direction",
})  # fmt: skip
_MANY: Final = frozenset({"lines", "prices", "add", "cut", "returned"})
PARTS: Final = _MANY | {"sale", "of_sale", "fulfils", "ship_to"}
"""Fields that hold structs, which have rules of their own."""


class Plan(Struct, frozen=True):
    """How a struct is checked: its fields with a rule, its structs, its tuples of structs.

    `times` are those of its fields that hold a time.
    """

    fields: tuple[tuple[str, Callable[[Any], object]], ...]
    one: tuple[str, ...]
    many: tuple[str, ...]
    times: tuple[str, ...]


def rule_of(owner: type[Struct], name: str) -> Rule | None:
    """The rule of a field by its name in Python; None if its type says everything."""
    if (owner, name) in _EXCEPTIONS:
        return _EXCEPTIONS[owner, name]
    return None if name in _SAID_BY_TYPE or name in PARTS else _BY_NAME[name]


@cache
def plan_of(owner: type[Struct]) -> Plan:
    """The plan for a struct of ledger.domain.requests; KeyError if a field has no rule."""
    rules = {name: rule_of(owner, name) for name in owner.__struct_fields__}
    parts = [name for name, rule in rules.items() if rule is None and name in PARTS]
    many = tuple(name for name in parts if name in _MANY)
    return Plan(
        fields=tuple((name, rule.holds) for name, rule in rules.items() if rule is not None),
        one=tuple(name for name in parts if name not in many),
        many=many,
        times=tuple(name for name, rule in rules.items() if rule is TIME),
    )
