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
