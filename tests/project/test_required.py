import re
from pathlib import Path

import pytest
from required import missing


def test_what_a_machine_lacks_skips_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEBOOK_TEST_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no abacus here"):
        missing("abacus", "no abacus here")


def test_what_was_promised_and_is_missing_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEBOOK_TEST_REQUIRE", "scales, abacus")
    with pytest.raises(pytest.fail.Exception, match="no abacus here, though"):
        missing("abacus", "no abacus here")


def test_ci_promises_what_it_installs() -> None:
    script = (Path(__file__).parents[2] / ".ci" / "run").read_text()
    needed = {
        "chromium": ["chromium", "chromedriver"],
        "kafka": ["java", "mvn"],
        "namespaces": ["nft", "ip"],
    }
    promised = re.search(r"^export ONEBOOK_TEST_REQUIRE=(.*)$", script, re.MULTILINE)
    assert promised is not None
    assert promised[1].split(",") == list(needed)
    installed = re.findall(r"^has (\w+) \|\| missing\+=", script, re.MULTILINE)
    assert [p for programs in needed.values() for p in programs if p not in installed] == []
