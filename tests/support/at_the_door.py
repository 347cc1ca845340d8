"""Requests with something wrong, and what the door must say of them."""

import json
from typing import Any

import pytest

from ledger.door import Malformed, read_request
from ledger.examples import example_of

Row = tuple[dict[str, Any], str, str]
"""A request, where the fault is (how its path begins), a word of what is said."""


def changed(kind: str, **values: Any) -> dict[str, Any]:
    """The example of this type with other values at its top; None takes a field away."""
    return _without_none({**example_of(kind), **values})


def line(kind: str, **values: Any) -> dict[str, Any]:
    """The example with other values in its first line; None takes a field away."""
    first, *others = example_of(kind)["lines"]
    return changed(kind, lines=[_without_none({**first, **values}), *others])


def _without_none(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if value is not None}


def raw(request: object) -> bytes:
    return json.dumps(request, ensure_ascii=False).encode()


def spliced(kind: str, old: str, new: str) -> bytes:
    """The bytes of the example with one piece replaced, to say what no object can."""
    text = json.dumps(example_of(kind), ensure_ascii=False)
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1).encode()


def refused(sent: bytes) -> Malformed:
    """The door's fault with these bytes; it fails the test if there is none."""
    with pytest.raises(Malformed) as fault:
        read_request(sent)
    return fault.value


def check(sent: bytes, path: str, words: str) -> Malformed:
    """The fault is found where it is, in words that fit."""
    fault = refused(sent)
    assert fault.path.startswith(path), fault
    assert words in fault.detail, fault
    assert len(str(fault)) < 700
    return fault


def check_row(row: Row) -> None:
    """The same of a request that can be read but for its fault: the answer names its id."""
    request, path, words = row
    fault = check(raw(_without_none(request)), path, words)
    if path != "request_id":
        assert fault.request_id == request["request_id"]
