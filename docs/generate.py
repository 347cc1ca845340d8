"""Write the reference of requests, events and topics from the structs: `python -m docs.generate`.

A test fails when the written pages are not what this module makes of the code.
"""

import inspect
from pathlib import Path
from typing import Final, get_args

from api.schema import Components, Schema, referred, request_schemas, schemas_of
from docs import asyncapi
from docs.render import fenced, markdown, page, table
from docs.words import EVENT_WORDS, EVENTS_INTRODUCTION, REQUESTS_INTRODUCTION
from ledger.codec import EVENT_TYPES, TOPICS
from ledger.domain import events, requests
from ledger.domain.words import Reason
from ledger.examples import example_of

REFERENCE: Final = Path(__file__).parent / "reference"
_NOTICE: Final = "<!-- Written by `python -m docs.generate`: change the structs, then run it. -->"
_REQUIRED_HERE: Final = frozenset({"reason"})
"""Common fields that single requests require, and so show again."""
_EVENT_COMMON: Final = frozenset(events.Event.__struct_fields__)
_EVENT_PARTS: Final = ("RefusedLine", "ShortLine", "ShortReservation", "RunnerUp")
_OTHER_STREAMS: Final = {
    "ContactRecorded": "; without a customer `contact/{channel}/{request_id}`",
    "OrderEvent": "; of a recorded sale `sale/{channel}/{request_id}`",
}
"""By type of event, or what it derives from: where else it may stand."""


def pages() -> dict[str, str]:
    """The generated pages by file name, as they must stand in docs/reference."""
    _, event_components = schemas_of(*EVENT_TYPES)
    _describe(event_components)
    return {
        "requests.md": _requests_page(),
        "events.md": _events_page(event_components),
        "asyncapi.yaml": asyncapi.page(event_components),
    }


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


def _requests_page() -> str:
    components, body = request_schemas()
    mapping = body["discriminator"]["mapping"]
    kinds = {kind: reference.rpartition("/")[2] for kind, reference in mapping.items()}
    any_request = components[next(iter(kinds.values()))]
    others = frozenset(any_request["properties"]) - frozenset(requests.Request.__struct_fields__)
    sections = [REQUESTS_INTRODUCTION, _index(kinds, components)]
    sections += ["## Common fields", table(any_request, _anchor, others)]
    for kind, name in kinds.items():
        sections += [f"## {kind}", *_request(components[name]), fenced(example_of(kind))]
    for name, component in components.items():
        if name not in kinds.values():
            sections += [f"## {name}", component["description"], table(component, _anchor)]
    return page("Requests", _NOTICE, sections)


def _request(component: Schema) -> list[str]:
    told = frozenset(requests.Request.__struct_fields__) - _REQUIRED_HERE.intersection(
        component["required"]
    )
    return [component["description"], table(component, _anchor, told)]


def _index(kinds: dict[str, str], components: Components) -> str:
    claims = {claim.__name__ for claim in get_args(requests.Claim)}
    rows = [
        (f"[`{kind}`](#{kind})", "claim" if name in claims else "fact", _says(components[name]))
        for kind, name in kinds.items()
    ]
    return markdown(("request", "", "says"), rows)


def _says(component: Schema) -> str:
    text = component["description"].partition("\n\n")[0].replace("\n", " ")
    text = str(text).removeprefix("Fact: ").removeprefix("Claim: ")
    return text[0].upper() + text[1:]


def _events_page(components: Components) -> str:
    others = frozenset(components["RequestAccepted"]["properties"]) - _EVENT_COMMON
    sections = [EVENTS_INTRODUCTION, "## Common fields"]
    sections += [table(components["RequestAccepted"], _in_requests, others)]
    for event_type in EVENT_TYPES:
        sections += [f"## {TOPICS[event_type]}", *_event(event_type, components)]
    for name in _EVENT_PARTS:
        component = components[name]
        sections += [f"## {name}", component["description"], table(component, _in_requests)]
    reasons = [(f"`{reason}`",) for reason in Reason]
    sections += ["## Reasons of refusals", "The first that holds:", markdown(("reason",), reasons)]
    return page("Events", _NOTICE, sections)


def _event(event_type: type[events.AnyEvent], components: Components) -> list[str]:
    said = [inspect.cleandoc(event_type.__doc__)] if event_type.__doc__ else []
    others = "".join(_OTHER_STREAMS.get(base.__name__, "") for base in event_type.__mro__)
    stream = f"Stream `{_stream_of(event_type)}`{others}."
    return [*said, stream, table(components[event_type.__name__], _in_requests, _EVENT_COMMON)]


def _stream_of(event_type: type[events.AnyEvent]) -> str:
    """The stream's pattern: that of an event whose values are their own names in braces."""
    values = {name: f"{{{name}}}" for name in event_type.__struct_fields__}
    return event_type(**values).stream  # type: ignore[arg-type]  # texts stand for every type


def _describe(components: Components) -> None:
    """Give every field of every event its meaning; KeyError if a field has none."""
    words: dict[str, str] = {}
    for component in request_schemas()[0].values():
        for field, schema in component["properties"].items():
            words.setdefault(field, schema["description"])
    words |= EVENT_WORDS
    shown = [event_type.__name__ for event_type in EVENT_TYPES] + list(_EVENT_PARTS)
    for name in shown:
        for field, schema in components[name]["properties"].items():
            part = components.get(referred(schema) or "", {})
            own = words.get(f"{name}.{field}") or part.get("description")
            schema["description"] = own or words[field]
            if field.endswith(("_at", "until")):
                schema.get("anyOf", [schema])[0]["format"] = "date-time"


def _anchor(part: str) -> str:
    return f"#{part.lower()}"


def _in_requests(part: str) -> str:
    if part == Reason.__name__:
        return "#reasons-of-refusals"
    return _anchor(part) if part in _EVENT_PARTS else f"requests.md{_anchor(part) if part else ''}"


if __name__ == "__main__":
    main()
