"""Choose the image source: pulled if all registries can be reached, else built from source."""

import functools
import http.client
import os
import threading
import time
import urllib.error
import urllib.request
from typing import Literal

from cluster.errors import CommandError

ImageSource = Literal["pulled", "built"]

REGISTRIES = {
    "docker.io": "https://registry-1.docker.io/v2/",
    "quay.io": "https://quay.io/v2/",
    "registry.k8s.io": "https://registry.k8s.io/v2/",
}
"""The registries in the image references, and the address at which each identifies itself."""

PROBE_WITHIN = 3.0
"""The time limit in seconds for all registries together."""

_VERSION_HEADER = "Docker-Distribution-Api-Version"


def image_source() -> ImageSource:
    """Return the value of IMAGES if it is set, else what the registries allow.

    Raises:
        CommandError: IMAGES has another value than `pulled` or `built`.
    """
    chosen = os.environ.get("IMAGES", "")
    if chosen not in ("", "pulled", "built"):
        raise CommandError(f"IMAGES={chosen} is neither `pulled` nor `built`.", "unset IMAGES")
    pulled = chosen == "pulled" if chosen else all(reachable().values())
    return "pulled" if pulled else "built"


@functools.cache
def reachable(within: float = PROBE_WITHIN) -> dict[str, bool]:
    """Return which registries can be reached, by name, from one request to each per process."""
    results = dict.fromkeys(REGISTRIES, False)

    def probe(name: str) -> None:
        results[name] = is_registry(REGISTRIES[name], within)

    # Daemon threads, which don't keep the process alive: a name lookup has no time limit.
    threads = [threading.Thread(target=probe, args=[name], daemon=True) for name in REGISTRIES]
    for thread in threads:
        thread.start()
    end = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(results)


def is_registry(url: str, within: float) -> bool:
    """Return whether an image registry responds at a URL.

    A connection alone doesn't prove it: in some networks a proxy accepts every connection and
    responds with its own content. A registry has a valid certificate and sends its API version
    or an authentication challenge.
    """
    try:
        with urllib.request.urlopen(url, timeout=within) as response:
            return _VERSION_HEADER in response.headers
    except urllib.error.HTTPError as error:
        with error:
            challenge = error.headers.get("WWW-Authenticate", "")
            return error.code == http.client.UNAUTHORIZED and (
                _VERSION_HEADER in error.headers or challenge.startswith("Bearer ")
            )
    except (OSError, http.client.HTTPException, ValueError):
        return False
