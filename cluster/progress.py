"""Says what a long command is doing, for how long, and how long it usually takes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_console = Console(highlight=False)
_HEARTBEAT = 60.0


@contextmanager
def step(what: str, about: float) -> Iterator[None]:
    """Shows one step while its block runs; `about` is its usual time in seconds on two cores.

    A terminal shows a bar that fills with time; a log gets one line when the step begins, one a
    minute, and one when it ends. A step that fails is left as it stands, for the error to follow.
    """
    start = time.monotonic()
    if _console.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("of about {task.fields[about]}"),
            console=_console,
            transient=True,
        ) as bar:
            task = bar.add_task(what, total=about, about=_minutes(about))
            with _every(0.5, lambda elapsed: bar.update(task, completed=min(elapsed, about))):
                yield
    else:
        _console.print(f"{what} (about {_minutes(about)}) ...")
        with _every(
            _HEARTBEAT, lambda elapsed: _console.print(f"  ... {_minutes(elapsed)} so far")
        ):
            yield
    _console.print(f"{what}: done in {_minutes(time.monotonic() - start)}")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@contextmanager
def _every(seconds: float, call) -> Iterator[None]:  # type: ignore[no-untyped-def]
    start, over = time.monotonic(), threading.Event()

    def beat() -> None:
        while not over.wait(seconds):
            call(time.monotonic() - start)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
