import logging

import pytest

from ledger.log import get_logger

CASES = [
    ({}, "block_appended"),
    ({"events": 412, "position": 98_311}, "block_appended events=412 position=98311"),
    ({"file": "till 3.csv"}, 'block_appended file="till 3.csv"'),
    ({"said": 'line "1"\nline 2'}, 'block_appended said="line \\"1\\"\\nline 2"'),
    ({"reason": ""}, 'block_appended reason=""'),
    ({"sku": "MÜTZE", "event": "x=y"}, 'block_appended sku=MÜTZE event="x=y"'),
]


@pytest.mark.parametrize(("fields", "line"), CASES)
def test_a_log_line_is_an_event_with_fields_on_one_line(fields, line, caplog):
    with caplog.at_level(logging.INFO):
        get_logger("till").info("block_appended", **fields)
    assert caplog.messages == [line]
    assert caplog.records[0].name == "till"
    assert caplog.records[0].filename == "test_log_lines.py"


def test_warnings_and_errors_keep_their_level(caplog):
    log = get_logger("till")
    log.warning("slow")
    log.error("stopped")
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
