"""Show what a long command is doing, for how long, and how long it usually takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_console = Console(highlight=False)
_LOG_INTERVAL = 60.0


@contextmanager
def step(what: str, about: float) -> Iterator[None]:
    """Show one step while its block runs.

    A terminal shows a bar that fills with time. A log gets a line when the step begins, one per
    minute, and one when it ends. If the block raises, the error follows without a last line.

    Args:
        what: The step, such as `Creating the cluster`.
        about: How long it usually takes, in seconds on two cores.
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
            task = bar.add_task(what, total=about, about=_duration(about))
            with _every(0.5, lambda elapsed: bar.update(task, completed=min(elapsed, about))):
                yield
    else:
        _console.print(f"{what} (about {_duration(about)}) ...")
        with _every(
            _LOG_INTERVAL, lambda elapsed: _console.print(f"  ... {_duration(elapsed)} so far")
        ):
            yield
    _console.print(f"{what}: done in {_duration(time.monotonic() - start)}")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@contextmanager
def _every(seconds: float, call: Callable[[float], None]) -> Iterator[None]:
    """Call a function regularly with the elapsed time while the block runs."""
    start, over = time.monotonic(), threading.Event()

    def repeat() -> None:
        while not over.wait(seconds):
            call(time.monotonic() - start)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
