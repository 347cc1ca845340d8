"""The runner of the docs' commands: it passes what is true and fails what is not."""

import socket
from pathlib import Path

import pytest
from console_blocks import PageError, matches, run_page

FENCE = "```"
SERVER = """
import http.server, sys

class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"open")

    def log_message(self, *words):
        pass

port = int(sys.argv[sys.argv.index("--port") + 1])
print("the shop opens", flush=True)
try:
    http.server.HTTPServer(("127.0.0.1", port), Shop).serve_forever()
except KeyboardInterrupt:
    pass
"""


def run(folder: Path, *blocks: str) -> int:
    """Run a page of blocks, each its fence's words and its lines."""
    page = folder / "page.md"
    page.write_text("\n\ntext\n\n".join(f"{FENCE}{block}\n{FENCE}" for block in blocks))
    return run_page(page, folder)


def test_commands_run_in_order_in_one_folder(tmp_path: Path) -> None:
    assert run(tmp_path, "console\n$ echo 3 > stock", "console\n$ cat stock\n3") == 2


def test_output_that_differs_from_the_page_fails(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"line 2: the page shows for `echo 3`:\n4"):
        run(tmp_path, "console\n$ echo 3\n4")


def test_output_beyond_what_the_page_shows_fails(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="the page shows"):
        run(tmp_path, "console\n$ printf '3\\n4\\n'\n3")


def test_a_command_that_fails_fails_the_page(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="line 3: `false` exited with 1, not 0"):
        run(tmp_path, "console\n$ true\n$ false")


def test_a_failure_that_the_page_promises_is_one_that_must_come(tmp_path: Path) -> None:
    assert run(tmp_path, "console exit=1\n$ echo no; exit 1\nno") == 1
    with pytest.raises(PageError, match="exited with 0, not 1"):
        run(tmp_path, "console exit=1\n$ true")


def test_a_long_command_goes_on_in_the_next_line(tmp_path: Path) -> None:
    assert run(tmp_path, "console\n$ echo a \\\n>   b\na b") == 1


def test_lines_that_fetch_the_project_are_not_run(tmp_path: Path) -> None:
    assert (
        run(tmp_path, "console\n$ git clone nowhere:onebook\n$ cd onebook\n$ make test\n9 passed")
        == 1
    )


def test_blocks_of_other_languages_are_not_run(tmp_path: Path) -> None:
    assert run(tmp_path, "json\n$ false", "\n$ false") == 0


def test_a_python_block_runs_and_its_error_fails_the_page(tmp_path: Path) -> None:
    assert run(tmp_path, "python\nassert 2 + 2 == 4") == 1
    with pytest.raises(PageError, match="AssertionError"):
        run(tmp_path, "python\nassert 2 + 2 == 5")


def test_a_server_serves_the_rest_of_the_page_and_is_gone_after_it(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SERVER)
    ask = "console\n$ python -c \"import urllib.request as r; print(r.urlopen('http://localhost:8000').read().decode())\"\nopen"
    port = "console\n$ echo localhost:8000 > address"
    served = run(tmp_path, "console server\n$ true\n$ python shop.py\nthe shop opens", ask, port)
    assert served == 3
    used = int((tmp_path / "address").read_text().split(":")[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", used)) != 0


def test_a_server_that_prints_other_than_the_page_shows_fails(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SERVER)
    with pytest.raises(PageError, match="the page shows other than the server printed"):
        run(tmp_path, "console server\n$ python shop.py\nthe shop is shut")


def test_a_server_that_does_not_start_fails_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"ended with 2 before(.|\n)*no till"):
        run(tmp_path, "console server\n$ bash -c 'echo no till >&2; exit 2'")


def test_a_failure_while_a_server_runs_is_told_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SERVER)
    with pytest.raises(PageError, match="`false` exited with 1"):
        run(tmp_path, "console server\n$ python shop.py", "console\n$ false")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a b"], "a b  \n", True),
        (["a"], "b", False),
        (["at … units"], "at 12 units", True),
        (["at … units"], "at\n12 units", False),
        (["first", "…", "last"], "first\nx\ny\nlast\n", True),
        (["first", "…", "last"], "first\nlast\n", True),
        (["first", "…"], "second\nx\n", False),
        (["(a+b)"], "(a+b)", True),
        (["(a+b)"], "aab", False),
    ],
)
def test_three_dots_stand_for_what_may_differ(
    shown: list[str], printed: str, *, same: bool
) -> None:
    assert matches(tuple(shown), printed) is same
