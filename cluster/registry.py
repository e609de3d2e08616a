"""Whether the images can be pulled: which of the two ways to the cluster is taken."""

import functools
import http.client
import os
import threading
import time
import urllib.error
import urllib.request
from typing import Literal

from cluster.errors import Stop

Way = Literal["pulled", "built"]

REGISTRIES = {
    "docker.io": "https://registry-1.docker.io/v2/",
    "quay.io": "https://quay.io/v2/",
    "registry.k8s.io": "https://registry.k8s.io/v2/",
}
"""The registries named in the image references, and the address at which each says who it is."""

PROBE_WITHIN = 3.0
"""Seconds that the registries get, all at the same time."""

_VERSION_HEADER = "Docker-Distribution-Api-Version"


def way() -> Way:
    """How the images come: IMAGES=pulled or IMAGES=built decides, else whether registries answer.

    Raises Stop when IMAGES has another value.
    """
    forced = os.environ.get("IMAGES", "")
    if forced in ("pulled", "built"):
        return forced
    if forced:
        raise Stop(f"IMAGES={forced} is neither `pulled` nor `built`.", "unset IMAGES")
    return "pulled" if all(answers().values()) else "built"


@functools.cache
def answers(within: float = PROBE_WITHIN) -> dict[str, bool]:
    """Which registries answer, by name. Asks each of them once in the life of the process."""
    results = dict.fromkeys(REGISTRIES, False)

    def ask(name: str) -> None:
        results[name] = is_registry(REGISTRIES[name], within)

    # Threads that nobody waits for: looking up a name takes no time limit.
    threads = [threading.Thread(target=ask, args=[name], daemon=True) for name in REGISTRIES]
    for thread in threads:
        thread.start()
    end = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(results)


def is_registry(url: str, within: float) -> bool:
    """Whether an image registry answers there.

    A connection proves nothing: there are networks in which something accepts every connection and
    answers with whatever it likes. A registry has a valid certificate and says what it is.
    """
    try:
        with urllib.request.urlopen(url, timeout=within) as response:
            return _VERSION_HEADER in response.headers
    except urllib.error.HTTPError as refusal:
        with refusal:
            challenge = refusal.headers.get("WWW-Authenticate", "")
            return refusal.code == http.client.UNAUTHORIZED and (
                _VERSION_HEADER in refusal.headers or challenge.startswith("Bearer ")
            )
    except (OSError, http.client.HTTPException, ValueError):
        return False
