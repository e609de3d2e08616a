"""Commands, pipes and locks: results and errors."""

import subprocess
import sys
import threading

import pytest

from cluster import commands, locks, paths
from cluster.errors import CommandError

HOLD = """
import sys
from pathlib import Path
from cluster import locks
with locks.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_run_returns_the_output():
    assert commands.run(["cat"], "cat failed", input="text") == "text"


def test_the_error_ends_with_the_last_lines_of_the_output():
    with pytest.raises(CommandError) as raised:
        commands.run(["sh", "-c", "seq 1 20 >&2; exit 1"], "seq failed", "stop counting")
    lines = "\n".join(map(str, range(9, 21)))
    assert str(raised.value) == f"seq failed:\n{lines}\n  Next: stop counting"


def test_the_error_has_standard_output_if_there_is_no_standard_error():
    with pytest.raises(CommandError, match=r'failed:\n\{"Error": "x"\}'):
        commands.run(["sh", "-c", """echo '{"Error": "x"}'; exit 1"""], "go failed")


def test_pipe_returns_the_output_of_the_consumer():
    assert commands.pipe(["echo", "text"], ["cat"], "cat failed") == "text\n"


def test_a_consumer_may_stop_reading():
    assert commands.pipe(["yes"], ["head", "--lines=1"], "head failed") == "y\n"


@pytest.mark.parametrize(("producer", "consumer"), [("false", "cat"), ("true", "false")])
def test_a_pipe_fails_if_one_of_its_commands_fails(producer, consumer):
    with pytest.raises(CommandError, match="the pipe failed"):
        commands.pipe([producer], [consumer], "the pipe failed")


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock `tmp_path/lock` until its standard input is closed."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=paths.ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        process.stdout.readline()
        yield process


def test_a_lock_that_another_process_holds_is_waited_for(tmp_path, holder, capsys):
    end = threading.Timer(0.2, holder.stdin.close)
    end.start()
    with locks.exclusive(tmp_path / "lock", "waiting"):
        assert holder.stdin.closed
    assert capsys.readouterr().out == "waiting\n"


def test_a_lock_is_released_when_its_process_is_killed(tmp_path, holder, capsys):
    holder.kill()
    holder.wait()
    with locks.exclusive(tmp_path / "lock", "waiting"):
        assert capsys.readouterr().out == ""
