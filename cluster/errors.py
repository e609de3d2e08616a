"""The one error that the cluster's commands raise on purpose."""


class Stop(Exception):
    """Something is missing or refused; the message says what, and the next command to type.

    `python -m cluster` prints it without a traceback and ends with exit code 1.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(f"{problem}\n  Next: {next_step}")
        self.problem = problem
        self.next_step = next_step
