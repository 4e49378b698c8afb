"""A throw-away installation leaves nothing running, however it is ended."""

import signal
import subprocess
import sys

import pytest

ENDING = """
import signal, sys
from workers.proof.throwaway import throw_away_folder

with throw_away_folder(sys.argv[1], prefix="", say=lambda line: print("told", flush=True)):
    try:
        print("started", flush=True)
        signal.pause()
    finally:
        print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_what_was_started(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-c", ENDING, str(tmp_path / "site")], stdout=subprocess.PIPE, text=True
    )
    with process, process.stdout as lines:
        assert lines.readline() == "started\n"
        process.send_signal(number)
        assert lines.read() == "stopped\ntold\n"
        assert process.wait() == 128 + number
