"""How the API server answers a request that it may reject."""

from __future__ import annotations

from dataclasses import dataclass

from kubelab.errors import ApiError

REJECTIONS = (400, 403, 409, 422)
"""The HTTP statuses with which an API server rejects a request because of its content."""


@dataclass(frozen=True)
class ApplyResult:
    """The API server's answer to a request that it may reject."""

    status: int
    """HTTP status: 422 for a value that validation forbids, 429 for an eviction that a disruption
    budget forbids, 200 when the API server accepted the request."""
    reason: str = ""
    """`Invalid`, `Forbidden`, `BadRequest`; empty when accepted."""
    field: str = ""
    """The first field that it names: `spec.template.spec.restartPolicy`."""
    message: str = ""
    """The API server's message; its warnings where it accepted a dry run."""

    @property
    def accepted(self) -> bool:
        """Whether the API server accepted the request."""
        return self.status < 400

    @classmethod
    def of(cls, error: ApiError) -> ApplyResult:
        """Read a rejection from an API error; raise any other error again."""
        by_budget = any(cause.reason == "DisruptionBudget" for cause in error.causes)
        if error.status not in REJECTIONS and not by_budget:
            raise error
        field = error.causes[0].field if error.causes else ""
        return cls(error.status, error.reason, field, error.message)
