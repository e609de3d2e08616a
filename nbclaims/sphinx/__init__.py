"""Sphinx extension: links sentences in chapters to the labs that prove them.

Chapters cite a claim with {claim}`name`. What the claim link shows comes from the evidence store;
without evidence it shows that the claim was not run.

Configuration:
    claims_evidence: the folder of the evidence store, below the book's folder.
    claims_statements: the YAML file with the statements of a source text.
    claims_subject: what the environment's version is a version of, such as `Kubernetes`.
    claims_ledger: the page with the ledger, to which the note of a claim links; empty for none.
    claims_versions: what the directive `versions` lists besides the runs: a dict of versions by
        name for each heading. Another extension can fill it at `config-inited`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util import logging

from nbclaims import evidence
from nbclaims.evidence import EvidenceStore
from nbclaims.provenance import BadSettings
from nbclaims.sites import UnreadableLab

from .citations import (
    ClaimDomain,
    ClaimRole,
    claim_citation,
    claim_domain,
    claim_listing,
    keep_with_sentence,
)
from .ledger import keep_ledger, ledger_of, read_ledger
from .outputs import OutputDirective
from .pages import (
    ListingDirective,
    anchor_claims_not_run,
    visit_citation,
    visit_citation_as_text,
    visit_listing,
)
from .pictures import MeasuredDirective, measured_picture, visit_picture
from .statements import BadStatement

logger = logging.getLogger(__name__)

LISTINGS = ("ledger", "corrections", "versions", "verdicts")


class ClaimsError(SphinxError):
    """The claims can't be read, so the book can't be built; the text says what to correct."""

    category = "Claims error"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_config_value("claims_evidence", evidence.FOLDER, "")
    app.add_config_value("claims_statements", "book/about/statements.yml", "")
    app.add_config_value("claims_subject", "", "")
    app.add_config_value("claims_ledger", "", "html")
    app.add_config_value("claims_versions", {}, "", [dict])
    app.add_domain(ClaimDomain)
    app.add_role("claim", ClaimRole())
    for name in LISTINGS:
        app.add_directive(name, ListingDirective)
    app.add_directive("measured", MeasuredDirective)
    app.add_directive("output", OutputDirective)
    app.add_node(measured_picture, html=(visit_picture, None))
    app.add_node(claim_citation, html=(visit_citation, None), text=(visit_citation_as_text, None))
    app.add_node(claim_listing, html=(visit_listing, None))
    app.connect("env-get-outdated", _read_ledger)
    app.connect("source-read", _use_executed_notebook)
    app.connect("doctree-read", _prepare_page)
    # Not env-check-consistency: Sphinx skips that when no page changed, and a second build of a
    # broken book would pass.
    app.connect("env-updated", _fail_on_problems)
    app.connect("build-finished", _print_summary)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}


def _read_ledger(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Read the ledger before the pages, and name the pages that a new run makes out of date."""
    root = Path(app.srcdir)
    try:
        store = EvidenceStore.with_recorded(root, app.config.claims_evidence)
        ledger = read_ledger(root, store, root / app.config.claims_statements)
    except (UnreadableLab, BadStatement, BadSettings) as error:
        raise ClaimsError(str(error)) from error
    if not keep_ledger(env, ledger):
        return []
    domain = claim_domain(env)
    labs = {site.page for site in ledger.sites}
    return sorted(({*domain.citations, *domain.listings, *labs} & env.found_docs) - removed)


def _use_executed_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    run = ledger_of(app.env).runs.get(docname)
    if run is not None:
        source[0] = run.notebook


def _prepare_page(app: Sphinx, doctree: nodes.document) -> None:
    keep_with_sentence(doctree)
    anchor_claims_not_run(doctree, app.env.docname, ledger_of(app.env))


def _print_summary(app: Sphinx, exception: Exception | None) -> None:
    """Print the summary, also with --quiet, which silences everything that goes to stdout."""
    if exception is None:
        print(ledger_of(app.env).summary(), file=sys.stderr)


def _fail_on_problems(app: Sphinx, env: BuildEnvironment) -> None:
    """Report every problem, and let the build fail at its end, also without -W."""
    for problem in ledger_of(env).problems(claim_domain(env).cited()):
        logger.error(problem)
        app.statuscode = 1
