"""Where the files of `examples/` are: beside the packages in a clone, in this one in a wheel."""

from __future__ import annotations

from pathlib import Path

_FOLDERS = (Path(__file__).parent / "examples", Path(__file__).parents[2] / "examples")

MAPPING = "online-retail.toml"
SAMPLE = "online-retail-sample.csv"


def example(name: str) -> Path:
    """The path of an example file, such as MAPPING or SAMPLE. Raises FileNotFoundError."""
    for folder in _FOLDERS:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{name} is not installed: take it from the project's examples folder")
