"""The command line: for people and programs, with and without a running server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded_folder import remove_ledger
from served import NOON, Sender, onebook, serving

from consumers.ingest.examples import MAPPING, SAMPLE, example
from projections.paging import token

COMMANDS = (
    "demo",
    "serve",
    "import csv",
    "import ndjson",
    "events",
    "inventory",
    "explain",
    "availability",
    "order",
    "transfer",
    "supply",
    "hold",
    "return",
    "exceptions",
    "customer",
    "product",
    "report",
    "verify",
    "rebuild",
)


def receipt(request_id: str, quantity: object = 7) -> str:
    lines = [{"line_id": "1", "sku": "MUG/RED", "quantity": quantity}]
    return json.dumps(
        {
            "type": "receive_stock",
            "request_id": request_id,
            "occurred_at": NOON,
            "location": "L",
            "lines": lines,
        }
    )


def sale(request_id: str) -> str:
    lines = [{"line_id": "1", "sku": "MUG/RED", "quantity": 2, "unit_price_minor": 990}]
    return json.dumps(
        {
            "type": "record_sale",
            "request_id": request_id,
            "occurred_at": NOON,
            "location": "L",
            "customer_id": "c-1",
            "currency": "EUR",
            "lines": lines,
        }
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("commands")
    file = folder / "requests.ndjson"
    file.write_text("\n".join([receipt("r-1"), sale("s-1")]) + "\n")
    ledger = folder / "ledger"
    done = onebook("import", "ndjson", str(file), "--channel", "till", "--data", str(ledger))
    assert (done.returncode, "2 are new" in done.stdout) == (0, True), done.stderr
    yield ledger
    remove_ledger(ledger)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_with_an_example(command: str) -> None:
    done = onebook(*command.split(), "--help")
    assert done.returncode == 0
    assert f"onebook {command}" in done.stdout


def test_each_read_prints_a_table_for_people_and_json_for_programs(data: Path) -> None:
    for command, says, key in (
        (["inventory"], "MUG/RED", "items"),
        (["inventory", "MUG/RED"], "MUG/RED", "total"),
        (["inventory", "MUG/RED", "--movements"], "stock_sold", "items"),
        (["inventory", "MUG/RED", "--as-of", NOON, "--clock", "occurred"], "MUG/RED", "total"),
        (["inventory", "MUG/RED", "--location", "L", "--as-of", "5"], "MUG/RED", "items"),
        (["explain", "MUG/RED", "--quantity", "available"], "= on_hand 5 - damaged 0", "parts"),
        (["order", "sale:till:s-1"], "collected", "lines"),
        (["customer", "c-1"], "sale:till:s-1", "history"),
        (["events", "--type", "sale_recorded"], "sale_recorded.v1", "items"),
    ):
        people = onebook(*command, "--data", str(data))
        assert (people.returncode, says in people.stdout) == (0, True), (
            people.stderr + people.stdout
        )
        programs = onebook(*command, "--data", str(data), "--json")
        assert key in json.loads(programs.stdout)


def test_a_long_answer_is_read_on_from_where_it_ended(data: Path) -> None:
    begun = ["explain", "MUG/RED", "--limit", "1", "--data", str(data)]
    first = json.loads(onebook(*begun, "--json").stdout)
    said = f"There is more: --after {first['next']}"
    assert said in onebook(*begun).stdout.replace("\n", "")
    second = onebook(*begun, "--after", first["next"], "--json")
    entries = [*first["items"], *json.loads(second.stdout)["items"]]
    assert [entry["type"] for entry in entries] == ["stock_sold", "stock_received"]
    [item] = json.loads(onebook("inventory", "--data", str(data), "--json").stdout)["items"]
    behind = token(item["sku"], item["location"])
    done = onebook("inventory", "--after", behind, "--data", str(data), "--json")
    assert json.loads(done.stdout) == {"items": [], "next": None}
    wrong = onebook("inventory", "MUG/RED", "--after", behind, "--data", str(data))
    assert (wrong.returncode, "--after goes on with a list" in wrong.stderr) == (2, True)


def test_what_is_not_there_is_said_and_exits_2(data: Path) -> None:
    done = onebook("order", "none", "--data", str(data))
    assert (done.returncode, done.stdout) == (2, "")
    assert "'none' is not known" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "inventory",
        "explain x",
        "events",
        "availability web",
        "order x",
        "transfer",
        "supply",
        "hold",
        "return x",
        "exceptions",
        "customer x",
        "verify",
        "rebuild",
    ],
)
@pytest.mark.parametrize("there", ["no folder", "an empty folder"])
def test_where_there_is_no_ledger_a_read_makes_none(
    command: str, there: str, tmp_path: Path
) -> None:
    folder = tmp_path / "typo"
    if there == "an empty folder":
        folder.mkdir()
    done = onebook(*command.split(), "--data", str(folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no ledger in {folder}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not any(tmp_path.glob("typo/*"))
    assert folder.exists() == (there == "an empty folder")


@pytest.mark.parametrize("lines", ["", "\n  \n"])
def test_a_file_without_a_request_is_said(data: Path, tmp_path: Path, lines: str) -> None:
    file = tmp_path / "nothing.ndjson"
    file.write_text(lines)
    done = onebook("import", "ndjson", str(file), "--data", str(data))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no requests in {file}" in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secretpw@127.0.0.1:1/x",
        "mysql://u:secretpw@h/x",
        "secretpw",
        "postgresql://u:secretpw@h:port/x",
        "postgresql://u:secretpw%@h/x",
    ],
)
@pytest.mark.parametrize("command", ["serve --port 0", "verify", "inventory"])
def test_a_database_that_cannot_be_used_is_one_line_without_its_password(
    url: str, command: str, tmp_path: Path
) -> None:
    name, *rest = command.split()
    done = onebook(name, "--data", str(tmp_path / "d"), *rest, ONEBOOK_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "ONEBOOK_DATABASE_URL" in done.stderr
    assert "secretpw" not in done.stderr


def test_verify_finds_no_difference_and_rebuild_makes_the_same_again(data: Path) -> None:
    before = onebook("verify", "--data", str(data), "--json")
    assert before.returncode == 0
    rebuilt = onebook("rebuild", "--data", str(data))
    assert (rebuilt.returncode, "folded afresh" in rebuilt.stdout) == (0, True), rebuilt.stderr
    after = onebook("verify", "--data", str(data), "--json")
    assert json.loads(after.stdout) == json.loads(before.stdout)


def test_a_difference_is_found_named_and_exits_1(data: Path) -> None:
    import psycopg  # noqa: PLC0415

    with serving(data) as server:
        url = (server.data / "database-url").read_text()
        with psycopg.connect(url) as database:
            database.execute("UPDATE inventory SET on_hand = on_hand + 1")
        try:
            done = onebook("verify", "inventory", "--data", str(data))
            assert done.returncode == 1
            assert "MUG/RED" in done.stdout
        finally:
            with psycopg.connect(url) as database:
                database.execute("UPDATE inventory SET on_hand = on_hand - 1")
        assert onebook("verify", "--data", str(data)).returncode == 0


def test_beside_a_running_server_commands_are_its_clients(data: Path, tmp_path: Path) -> None:
    with serving(data) as server, server.client() as client:
        file = tmp_path / "more.ndjson"
        file.write_text("\n".join([receipt("r-2"), receipt("r-3", 0), "garbage", receipt("r-1")]))
        done = onebook(
            "import", "ndjson", str(file), "--channel", "till", "--data", str(data), "--json"
        )
        assert done.returncode == 1
        assert json.loads(done.stdout) == {
            "lines": 4,
            "accepted": 1,
            "replayed": 1,
            "refused": 0,
            "mismatch": 0,
            "malformed": 2,
            "failed": 0,
        }
        assert "line 2: malformed" in done.stderr
        assert "line 3: malformed" in done.stderr

        read = onebook("inventory", "MUG/RED", "--data", str(data), "--json")
        assert json.loads(read.stdout) == client.get("/v1/inventory/MUG%2FRED").json()


def test_a_rebuild_beside_a_running_server_mends_what_somebody_changed(data: Path) -> None:
    import psycopg  # noqa: PLC0415

    with serving(data) as server, server.client() as client:
        whole = client.get("/v1/inventory").json()
        before = client.get("/v1/projections/inventory").json()["generation"]
        with psycopg.connect((server.data / "database-url").read_text()) as database:
            database.execute("UPDATE inventory SET on_hand = on_hand + 1")
        mended = onebook("rebuild", "inventory", "--data", str(data))
        assert mended.returncode == 1, mended.stderr
        assert "MUG/RED" in mended.stdout
        assert "were wrong" in mended.stdout
        assert client.get("/v1/inventory").json() == whole
        again = onebook("rebuild", "--data", str(data), "--json")
        assert again.returncode == 0, again.stderr
        assert {view["proven"] for view in json.loads(again.stdout)} == {True}
        stands = client.get("/v1/projections/inventory").json()
        assert stands["generation"] == before + 2
        assert stands["rebuild"]["state"] == "done"


def test_a_file_imports_the_same_over_http_and_again_adds_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    command = [
        "import",
        "csv",
        str(example(SAMPLE)),
        "--mapping",
        str(example(MAPPING)),
        "--opening-balances",
        "--data",
        str(ledger),
        "--json",
    ]
    try:
        with serving(ledger) as server, server.client() as client:
            first = onebook(*command)
            assert first.returncode == 0, first.stderr
            report = json.loads(first.stdout)
            assert (report["bad_rows"], report["replayed"]) == (0, 0)
            head = int(client.get("/v1/projections").headers["Onebook-Position"])
            over_http = json.loads(onebook(*command).stdout)
            assert (over_http["accepted"], over_http["replayed"]) == (0, report["accepted"])
            assert int(client.get("/v1/projections").headers["Onebook-Position"]) == head
        in_process = json.loads(onebook(*command).stdout)
        assert (in_process["accepted"], in_process["replayed"]) == (0, report["accepted"])
        assert onebook("verify", "--data", str(ledger)).returncode == 0
    finally:
        remove_ledger(ledger)


def test_the_demo_fills_a_ledger_and_a_second_one_goes_on_with_it(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"

    def shown(*command: str) -> Any:
        done = onebook(*command, "--data", str(ledger), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    try:
        first = onebook("demo", "--no-serve", "--data", str(ledger))
        assert first.returncode == 0, first.stderr
        assert "0 there already" in first.stdout
        assert "refused: out_of_stock, asked 50, available 5" in first.stdout
        assert "refused: channel_limit, asked 12, available 10" in first.stdout
        second = onebook("demo", "--no-serve", "--data", str(ledger))
        assert second.returncode == 0, second.stderr
        assert " 0 new in the ledger" in second.stdout
        assert "other content" not in second.stdout
        assert second.stdout.partition("A day")[2] == first.stdout.partition("A day")[2]
        short = shown("order", "web-2004")
        assert (short["state"], short["lines"][0]["short"]) == ("on_hold", 2)
        looked_at, *_ = shown("exceptions")["items"]
        assert (looked_at["kind"], looked_at["order_id"]) == ("paid_short", "web-2004")
        split = shown("order", "web-2003")["lines"][0]["allocations"]
        assert [(part["location"], part["committed"]) for part in split] == [
            ("london-1", 5),
            ("uk-dc", 19),
        ]
        waiting = shown("order", "web-2005")["lines"][0]
        assert (waiting["backordered"], waiting["promise"] is None) == (10, False)
        assert shown("customer", "shop-7731")["ids"] == ["17841", "shop-7731"]
        assert onebook("verify", "--data", str(ledger)).returncode == 0
    finally:
        remove_ledger(ledger)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ONEBOOK_COLOUR": "red"}, "ONEBOOK_COLOUR"),
        ({"ONEBOOK_KAFKA_BOOTSTRAP": "localhost"}, "ONEBOOK_KAFKA_BOOTSTRAP"),
        ({"ONEBOOK_KAFKA_SASL_USERNAME": "writer"}, "ONEBOOK_KAFKA_BOOTSTRAP"),
        ({"PERSISTENCE_MODULE": "ledger.kafka"}, "ONEBOOK_KAFKA_BOOTSTRAP"),
        ({"PERSISTENCE_MODULE": "eventsourcing.popo"}, "PERSISTENCE_MODULE"),
        ({"ONEBOOK_PORT": "70000"}, "ONEBOOK_PORT"),
        ({"ONEBOOK_NETWORK": "Main"}, "ONEBOOK_NETWORK"),
    ],
)
def test_a_setting_that_is_unknown_or_contradicts_is_refused_before_anything_starts(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    done = onebook("serve", "--data", str(tmp_path / "ledger"), **settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert not (tmp_path / "ledger").exists()


def test_wrong_usage_exits_2() -> None:
    assert onebook("no-such-command").returncode == 2
    assert onebook("inventory", "--colour", "red").returncode == 2
    assert (
        onebook("import", "csv", "no-such-file.csv", "--mapping", str(example(MAPPING))).returncode
        == 2
    )


def test_a_database_of_ones_own_holds_ledger_and_views(tmp_path: Path, database_url: str) -> None:
    with (
        serving(tmp_path / "ledger", ONEBOOK_DATABASE_URL=database_url) as server,
        server.client() as client,
    ):
        web = Sender(client)
        answer = web.accepted(web.received("MUG", 3))
        assert web.seen("/v1/inventory/MUG", answer["events"])["total"]["on_hand"] == 3
        assert isinstance(client, httpx.Client)
    assert not (tmp_path / "ledger" / "database-url").exists()
    done = onebook(
        "inventory",
        "MUG",
        "--data",
        str(tmp_path / "other"),
        "--json",
        ONEBOOK_DATABASE_URL=database_url,
    )
    assert json.loads(done.stdout)["total"]["on_hand"] == 3
