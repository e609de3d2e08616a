"""`python -m cluster pin`: write the digests of the images that are pulled, for maintainers."""

import re
from collections.abc import Mapping

from cluster import engine as engines
from cluster import release, versions
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.progress import step

_HEADER = """\
# The digest of each image that is pulled, as its registry reports it. Written by `make pin`. The
# versions are in versions.toml, releases/, from_source/go/*/go.mod and from_source/wheels.txt.
"""


def pin() -> None:
    """Get the digest of every image from its registry, and write image-digests.txt.

    Raises:
        CommandError: An image could not be pulled; the file stays as it is.
    """
    engine = engines.connect()
    references = [release.current().kind_image, *versions.IMAGES.values()]
    with step(f"Pulling {len(references)} images by their tags", 60):
        digests = {reference: _digest(engine, reference) for reference in references}
    for reference, digest in digests.items():
        change = "as before" if versions.IMAGE_DIGESTS.get(reference) == digest else "new"
        print(f"  {reference}  {digest}  {change}")
    versions.IMAGE_DIGESTS_FILE.write_text(text(digests))


def text(digests: Mapping[str, str]) -> str:
    """Return the content of image-digests.txt."""
    lines = (f"{reference} {digest}\n" for reference, digest in sorted(digests.items()))
    return _HEADER + "".join(lines)


def _digest(engine: Engine, reference: str) -> str:
    # Docker also queries the registry for an image that the engine has.
    output = engine.docker("pull", reference)
    found = re.search(r"^Digest: (sha256:[0-9a-f]{64})$", output, re.M)
    if found is None:
        raise CommandError(
            f"`docker pull {reference}` printed no digest:\n{output}", f"docker pull {reference}"
        )
    return found.group(1)
