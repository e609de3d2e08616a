"""Locks between processes.

`make doctor` and `make clean` run without the .venv, so this uses the standard library and not
`filelock`. The operating system releases a lock when its process exits, however it exits.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

Lock = contextlib.AbstractContextManager[None]


@contextlib.contextmanager
def exclusive(file: Path, waiting: str = "") -> Iterator[None]:
    """Hold an exclusive lock while the block runs.

    Args:
        file: The lock file. It and its folder are created if they don't exist.
        waiting: The line to print when another process holds the lock.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                print(waiting, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
