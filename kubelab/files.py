"""Files in a container, such as a log that the app appends to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubelab.display import echo
from kubelab.polling import poll
from kubelab.waiting import WITHIN, WaitFailed

if TYPE_CHECKING:
    from kubelab.objects import Pod


def first_lines(
    pod: Pod, count: int, path: str, container: str | None = None, within: float = WITHIN
) -> list[str]:
    """Return the first `count` lines of a file, once a container has written that many.

    Args:
        pod: The Pod.
        count: The number of lines.
        path: The file's path in the container.
        container: The container that reads the file; the Pod's first one without a name.
        within: Seconds.

    Raises:
        WaitFailed: The file has fewer lines after `within` seconds.
    """
    option = f" -c {container}" if container else ""
    read = ["head", "-n", str(count), path]
    echo(f"kubectl exec {pod.name} -n {pod.namespace}{option} -- {' '.join(read)}")
    lines: list[str] = []
    for _ in poll(within, f"waiting for {count} lines in {path} of {pod}"):
        code, out, _ = pod.run(*read, container=container)
        lines = out.splitlines() if code == 0 else []
        # The last line may be half written.
        if len(lines) == count and out.endswith("\n"):
            return lines
    raise WaitFailed(
        f"{path} of {pod} has {len(lines)} lines after {within:g} s, not {count}\n"
        f"  Next: {pod.describe_command}"
    )
