"""Claims in notebooks: sentences that a run compares with what it observed.

A notebook makes a claim, the executed notebook keeps its record as evidence, mutants show that the
claim can fail, and the Sphinx extension `nbclaims.sphinx` links sentences of a book to the claims.

from nbclaims import at_least, claim

claim(
    "failing-container-restarts",
    "A container that fails is restarted",
    observed={"restarts": 4},
    expected={"restarts": at_least(3)},
    because="the kubelet applies the Pod's restartPolicy to each container that exits",
)
"""

from nbclaims.claims import ClaimFailed, claim
from nbclaims.matchers import at_least, at_most, between, contains, one_of

__all__ = ["ClaimFailed", "at_least", "at_most", "between", "claim", "contains", "one_of"]
