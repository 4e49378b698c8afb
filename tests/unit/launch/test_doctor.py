"""What the doctor says about disk and secrets."""

from pathlib import Path

import pytest

from workers.launch.doctor import Verdict, check_clock, check_disk, check_secrets
from workers.launch.state import StateFolder


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(50_000_000_000, Verdict.OK), (1_500_000_000, Verdict.WARN), (100_000_000, Verdict.FAIL)],
)
def test_the_disk_is_judged_by_what_is_free(tmp_path: Path, free: int, verdict: Verdict) -> None:
    finding = check_disk(tmp_path / "not" / "yet", free_bytes=lambda _path: free)

    assert finding.verdict is verdict
    assert bool(finding.remedy) is (verdict is not Verdict.OK)


def test_secrets_others_may_read_fail_with_the_command_that_mends_it(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    assert check_secrets(state).verdict is Verdict.WARN
    state.prepare()
    assert check_secrets(state).verdict is Verdict.OK

    state.private_key.chmod(0o640)

    finding = check_secrets(state)
    assert finding.verdict is Verdict.FAIL
    assert finding.remedy == f"chmod go= {state.private_key}"


def test_clocks_are_not_compared_with_servers_that_are_silent() -> None:
    finding = check_clock("postgresql://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1/0")

    assert finding.verdict is Verdict.WARN
    assert finding.text == "not compared"
