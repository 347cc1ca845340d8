from pathlib import Path

from benchmarks import report

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_in_the_docs_is_that_of_the_published_run():
    run = report.load(report.RESULTS / "published.json")
    page = (DOCS / "benchmarks.md").read_text()
    assert report.markdown(run) in page
    assert run.command in page
