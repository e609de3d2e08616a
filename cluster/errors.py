"""The error that the cluster's commands raise for a problem that the user can solve."""


class CommandError(Exception):
    """A command can't go on; the message says why and which command to run next.

    `python -m cluster` prints it without a traceback and exits with code 1.

    Attributes:
        problem: What is wrong, and where.
        next_step: The command that the user should run next.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        """Compose the message from both parts."""
        super().__init__(f"{problem}\n  Next: {next_step}")
        self.problem = problem
        self.next_step = next_step
