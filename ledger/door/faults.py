"""What is wrong with bytes that are not a request, in words that their sender can act on."""

import re
from typing import Final

import msgspec

from ledger.domain.words import MAX_ID_LENGTH

MAX_SHOWN: Final = 60
"""Characters of a sender's value that a message repeats."""
PERSONAL: Final = (
    "personal data is not accepted yet: it will be sealed with a key per customer. "
    "Leave `personal` out and send an opaque customer_id"
)
_PLACE: Final = re.compile(r"(?P<problem>.*) - at `(?:key in )?\$(?P<path>.*)`", re.DOTALL)
_FIELD: Final = re.compile(r"Object (?P<problem>\D+) `(?P<name>.*)`", re.DOTALL)
_TYPES: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`(?:, got `(?P<got>.+)`)?")
_VALUE: Final = re.compile(r"Invalid (?:enum )?value (?P<value>.*)", re.DOTALL)
_NAMES: Final = {
    "int": "a whole number",
    "float": "a number with a decimal point or exponent",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": "a time",
    "date": "a day",
    "null": "null",
}


class Malformed(Exception):
    """Bytes that are not a request this release can read; nothing of it was recorded.

    `detail` says what is wrong and what to do, `path` where (`lines[3].quantity`, empty for the
    whole), `request_id` whose, if it could be read.
    """

    def __init__(self, detail: str, path: str = "", request_id: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path = path
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}" if self.path else self.detail

    def within(self, outer: str, joint: str = ".") -> "Malformed":
        """The same fault, its path seen from further outside."""
        inner = joint + self.path if self.path else ""
        return Malformed(self.detail, outer + inner, self.request_id)


def shown(value: object) -> str:
    """A sender's value as a message repeats it: escaped, cut to MAX_SHOWN characters."""
    return clipped(repr(value[:MAX_SHOWN]) if isinstance(value, str) else str(value), MAX_SHOWN)


def clipped(text: str, length: int = 2 * MAX_SHOWN) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= length else f"{text[:length]}…"


def explained(raw: bytes, error: Exception) -> Malformed:
    """What the decoder's error means to the sender of `raw`."""
    if isinstance(error, RecursionError):
        return Malformed("nested too deeply; no request needs more than four levels")
    if isinstance(error, UnicodeDecodeError):
        return Malformed("not valid UTF-8; encode the request as UTF-8", "", request_id_of(raw))
    if not isinstance(error, msgspec.ValidationError):
        return Malformed(_broken(raw, str(error)))
    if "personal" in _top(raw):
        return Malformed(PERSONAL, "personal", request_id_of(raw))
    detail, path = _mistyped(str(error))
    return Malformed(detail, path, request_id_of(raw))


def request_id_of(raw: bytes) -> str | None:
    """The request_id in a malformed request, if there is one that an answer can repeat."""
    try:
        found = msgspec.json.decode(_top(raw)["request_id"], type=str)
    except (KeyError, ValueError, msgspec.MsgspecError):
        return None
    return found if 0 < len(found) <= MAX_ID_LENGTH and found.isprintable() else None


def _top(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return {}


def _broken(raw: bytes, problem: str) -> str:
    if not raw.strip():
        return "it is empty; send JSON"
    if raw.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark; send UTF-8 without one"
    problem = problem.removeprefix("JSON is malformed: ")
    return f"not valid JSON ({clipped(problem)}); mend it and send it again"


def _mistyped(message: str) -> tuple[str, str]:
    placed = _PLACE.fullmatch(message)
    problem = placed["problem"] if placed else message
    path = placed["path"].removeprefix(".") if placed else ""
    if field := _FIELD.fullmatch(problem):
        return _field(field["problem"], field["name"], path)
    if types := _TYPES.fullmatch(problem):
        return _type(types["wanted"], types["got"]), path
    if value := _VALUE.fullmatch(problem):
        return _choice(value["value"], path), path
    if problem.endswith("encoded date"):
        return "not a day; send year-month-day, such as 2026-03-08", path
    if "RFC3339" in problem:
        return "not a time; send RFC 3339 with offset, such as 2026-03-01T10:12:05+01:00", path
    return f"{clipped(problem)}; see the reference of this request type", path


def _field(problem: str, name: str, path: str) -> tuple[str, str]:
    name = clipped(name)
    at = f"{path}.{name}" if path else name
    if name == "personal":
        return PERSONAL, at
    if problem.startswith("missing"):
        return f"`{name}` is missing; it is required", at
    return f"unknown field `{name}`; remove it or correct its name", at


def _type(wanted: str, got: str | None) -> str:
    names = [_NAMES.get(part, part) for part in wanted.split(" | ") if part != "null"]
    found = _NAMES.get(got, got) if got else "another value"
    return f"{found} where {' or '.join(names)} belongs; correct it"


def _choice(value: str, path: str) -> str:
    if path == "type":
        return f"unknown request type {clipped(value)}; see the reference for those there are"
    return f"unknown value {clipped(value)}; see the reference for those there are"
