"""Logs do not grow for ever, and no line is lost while they are moved aside."""

from pathlib import Path

from workers.launch.child import open_log
from workers.launch.logfiles import last_lines, rotate


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("short")

    assert rotate(log, largest_bytes=10) is False
    assert list(tmp_path.iterdir()) == [log]


def test_a_large_log_moves_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    writer = open(open_log(log), "wb", buffering=0)  # noqa: SIM115
    for number in range(5):
        writer.write(b"%d" % number * 20 + b"\n")
        assert rotate(log, largest_bytes=10, kept=3) is True
    writer.write(b"after\n")
    writer.close()

    assert log.read_bytes() == b"after\n"
    kept = [(tmp_path / f"web.log.{number}").read_bytes()[:1] for number in (1, 2, 3)]
    assert kept == [b"4", b"3", b"2"]
    assert not (tmp_path / "web.log.4").exists()


def test_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("\n".join(str(number) for number in range(5000)))

    assert last_lines(log, count=2) == "4998\n4999"
    assert last_lines(tmp_path / "none.log") == ""
