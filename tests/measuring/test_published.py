from pathlib import Path

import pytest

from benchmarks import report

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["published.json", "published-whole-domain.json"])
def test_the_table_in_the_docs_is_that_of_the_published_run(name):
    run = report.load(report.RESULTS / name)
    page = (DOCS / "benchmarks.md").read_text()
    assert report.markdown(run) in page
    assert run.command in page
