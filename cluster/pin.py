"""`python -m cluster pin`: writes the digests of the images that are pulled. For maintainers."""

import re
from collections.abc import Mapping

from cluster import engine as engines
from cluster import versions
from cluster.engine import Engine
from cluster.errors import Stop
from cluster.progress import step

_HEADER = """\
# The digest of every image that is pulled, as its registry gives it. Written by `make pin`, from
# the versions in versions.toml, from_source/go/*/go.mod and from_source/wheels.txt.
"""


def pin() -> None:
    """Asks the registries for the digest of every image, and writes image-digests.txt.

    Raises Stop, and writes nothing, if one of them cannot be had.
    """
    engine = engines.connect()
    references = [versions.PULLED_NODE_IMAGE, *versions.IMAGES.values()]
    with step(f"Pulling {len(references)} images by their tags", 60):
        digests = {reference: _digest(engine, reference) for reference in references}
    for reference, digest in digests.items():
        change = "as before" if versions.IMAGE_DIGESTS.get(reference) == digest else "new"
        print(f"  {reference}  {digest}  {change}")
    versions.IMAGE_DIGESTS_FILE.write_text(text(digests))


def text(digests: Mapping[str, str]) -> str:
    """The content of image-digests.txt."""
    lines = (f"{reference} {digest}\n" for reference, digest in sorted(digests.items()))
    return _HEADER + "".join(lines)


def _digest(engine: Engine, reference: str) -> str:
    # Docker asks the registry also for an image that it has.
    answer = engine.docker("pull", reference)
    found = re.search(r"^Digest: (sha256:[0-9a-f]{64})$", answer, re.M)
    if found is None:
        raise Stop(f"Docker named no digest of {reference}:\n{answer}", f"docker pull {reference}")
    return found.group(1)
