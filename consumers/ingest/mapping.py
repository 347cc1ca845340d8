"""A mapping file (TOML): how the rows of one retailer's export are read.

It says which column is what, how cells are cleaned, and by which conditions an invoice is a sale,
a return or an adjustment, of which channel and location. The keys are described in
docs/import.md.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping as Table
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from consumers.ingest.faults import MappingFault
from ledger.domain.words import (
    MAX_ID_LENGTH,
    MAX_TEXT_LENGTH,
    WRITER_CHANNEL,
    ChannelKind,
    LocationKind,
)

if TYPE_CHECKING:
    from pathlib import Path

MAX_MAPPING_BYTES = 1 << 20
MAX_TESTS = 60
"""Conditions of one mapping file: they are bits of one small integer."""

_CHANNEL = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone, such as Europe/London") from None
    return name


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError("must be a text encoding, such as utf-8 or cp1252") from None
    return name


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text) or text == WRITER_CHANNEL:
        raise ValueError(
            "must be 1-40 of a-z, 0-9 and -, beginning with a letter or digit, and not "
            f"{WRITER_CHANNEL}"
        )
    return text


def _id(text: str) -> str:
    if not (1 <= len(text) <= MAX_ID_LENGTH and text.isprintable() and text == text.strip()):
        raise ValueError(f"must be 1-{MAX_ID_LENGTH} printable characters without outer spaces")
    return text


Zone = Annotated[str, AfterValidator(_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Channel = Annotated[str, AfterValidator(_channel)]
Id = Annotated[str, AfterValidator(_id)]
Header = Annotated[str, Field(min_length=1)]
Row = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A table of the mapping file: unknown keys are errors that name the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if isinstance(given, Table):
            unknown = sorted(set(given) - set(cls.model_fields))
            if unknown:
                raise ValueError(f"unknown key {unknown[0]}; known: {', '.join(cls.model_fields)}")
        return given


class FileFormat(Section):
    """How the file is written."""

    encoding: Encoding = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""

    @model_validator(mode="after")
    def _two_marks(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must be different characters")
        return self


class Columns(Section):
    """Which header is what. Those not named are not in the file, and not read."""

    invoice: Header
    sku: Header
    quantity: Header
    time: Header
    unit_price: Header | None = None
    customer_id: Header | None = None
    title: Header | None = None
    reason: Header | None = None
    location: Header | None = None


class Time(Section):
    """How a row's time is written, and the time zone of its clock."""

    format: Annotated[str, Field(min_length=2)]
    zone: Zone


class Skus(Section):
    """How a code is cleaned (it is always trimmed), and which codes are services."""

    case: Literal["as_written", "upper", "lower"] = "as_written"
    services: list[Id] = []
    service_prefixes: list[Annotated[str, Field(min_length=1)]] = []


class Customers(Section):
    """How a customer's id is cleaned (it is always trimmed; an empty one is a guest)."""

    remove_suffix: str = ""


class Prices(Section):
    """The currency of all prices, and how many decimals its minor unit has."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    decimals: Annotated[int, Field(ge=0, le=4)] = 2


class Adjustments(Section):
    """The reason recorded where the reason's column is empty."""

    default_reason: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_LENGTH)] = "not stated"


class Test(Section):
    """One condition on a row: a column and what its cleaned text must be, or the kind of line."""

    column: Header | None = None
    one_of: list[Id] | None = None
    matches: Pattern | None = None
    empty: bool | None = None
    sign: Literal["negative", "zero", "positive"] | None = None
    line: Literal["goods", "service"] | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        of_column = [self.one_of, self.matches, self.empty, self.sign]
        asked = sum(value is not None for value in of_column)
        if (self.column, asked, self.line is not None) == (None, 0, True):
            return self
        if self.column is None or asked != 1 or self.line is not None:
            raise ValueError(
                "must be a column with exactly one of one_of, matches, empty, sign; or line alone"
            )
        return self


class Rule(Section):
    """Conditions on a whole invoice; without any it always holds."""

    rows: Row | None = None
    every: list[Test] = []
    some: list[Test] = []

    @property
    def unconditional(self) -> bool:
        """Whether the rule asks nothing."""
        return self.rows is None and not self.every and not self.some


class KindRule(Rule):
    """What such an invoice is. `negated`: a quantity of -3 in the file means 3."""

    kind: Literal["sale", "return", "adjustment"]
    quantity: Literal["as_written", "negated"] = "as_written"


class ChannelRule(Rule):
    """Which channel such an invoice came from, and how that channel is described."""

    channel: Channel
    kind: ChannelKind


class LocationRule(Rule):
    """At which location the goods of such an invoice moved, and how it is described."""

    location: Id
    kind: LocationKind
    time_zone: Zone = "UTC"
    ships: bool = True
    pickup: bool = True


class Mapping(Section):
    """A whole mapping file. Of each list of rules the first that holds decides."""

    sender: Channel
    file: FileFormat = FileFormat()
    columns: Columns
    time: Time
    sku: Skus = Skus()
    customer: Customers = Customers()
    price: Prices | None = None
    adjustment: Adjustments = Adjustments()
    kinds: Annotated[list[KindRule], Field(min_length=1)]
    channels: Annotated[list[ChannelRule], Field(min_length=1)]
    locations: Annotated[list[LocationRule], Field(min_length=1)]

    _content: bytes = PrivateAttr(b"")

    @property
    def content(self) -> bytes:
        """The bytes of the mapping file."""
        return self._content

    @property
    def rules(self) -> list[Rule]:
        """All rules."""
        return [*self.kinds, *self.channels, *self.locations]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.price is None) != (self.columns.unit_price is None):
            raise ValueError("columns.unit_price and price.currency belong together: give both")
        if self.columns.location and not all(rule.unconditional for rule in self.locations):
            raise ValueError("columns.location decides the location: locations have no conditions")
        if sum(len(rule.every) + len(rule.some) for rule in self.rules) > MAX_TESTS:
            raise ValueError(f"has more than {MAX_TESTS} conditions in every and some")
        for name, rules in (("channel", self.channels), ("location", self.locations)):
            _described_once(name, rules)
        return self


def _described_once(name: str, rules: list[ChannelRule] | list[LocationRule]) -> None:
    said: dict[str, dict[str, Any]] = {}
    for rule in rules:
        description = rule.model_dump(exclude={"rows", "every", "some"})
        if said.setdefault(description[name], description) != description:
            raise ValueError(f"{name} {description[name]} is described in two ways")


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises MappingFault, which names the file and every wrong key."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_MAPPING_BYTES + 1)
    except OSError as error:
        raise MappingFault(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_MAPPING_BYTES:
        raise MappingFault(f"{path}: is larger than {MAX_MAPPING_BYTES} bytes: no mapping file")
    return parse_mapping(content, str(path))


def parse_mapping(content: bytes, name: str) -> Mapping:
    """Read a mapping from its bytes; `name` stands in the errors. Raises MappingFault."""
    try:
        mapping = Mapping.model_validate(tomllib.loads(content.decode()))
    except UnicodeDecodeError as error:
        raise MappingFault(f"{name}: is not UTF-8 text: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingFault(f"{name}: is not TOML: {error}") from error
    except ValidationError as error:
        faults = "\n".join(f"{name}: {_said(fault)}" for fault in error.errors())
        raise MappingFault(faults) from error
    mapping._content = content  # noqa: SLF001 (of this class; pydantic takes it in no other way)
    return mapping


def _said(fault: Any) -> str:
    """One of pydantic's errors as `kinds[1].quantity: …`."""
    key = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in fault["loc"])
    reason = fault["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    return f"{key.removeprefix('.')}: {reason}" if key else reason
