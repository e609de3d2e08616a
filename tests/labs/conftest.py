import notebooks
import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What did not run is said, not skipped quietly."""
    if names := [source.stem for source in notebooks.left_out()]:
        terminalreporter.write_line(f"slow labs, not run: {', '.join(names)} (make labs SLOW=1)")
