"""Evidence counts only for what it was made of: one test for each ingredient of a run.

For labs and for verdicts: after a change of the ingredient, the ledger names it, and it runs again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbclaims import environment, evidence, mutants, pending, provenance
from nbclaims.environment import Environment
from nbclaims.evidence import EvidenceStore
from nbclaims.mutants import Verdict
from nbclaims.pending import Pending
from nbclaims.provenance import BadSettings, Book, Provenance
from tests.nbclaims.sample_book import SampleBook, claim_cell, record

CLAIM = claim_cell("never")
SETTINGS = """\
[tool.nbclaims]
library = ["library/*"]
environment = "tests.nbclaims.test_provenance:environments"

[tool.nbclaims.ingredients]
files = "a manifest of the lab"
cluster = "the cluster"
version = "the Kubernetes version"
"""
LIBRARY = '''\
"""A library."""

def wait():
    """Wait."""
    return 1  # second
'''
ENVIRONMENTS: dict[str, dict[str, str]] = {}


def environments() -> dict[str, dict[str, str]]:
    """The environments of the sample book."""
    return ENVIRONMENTS


@pytest.fixture(autouse=True)
def _this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "FORCE", "SLOW"):
        monkeypatch.delenv(name, raising=False)
    now = {
        "built": {"cluster": "built-1", "version": "v1.37.2"},
        "pulled": {"cluster": "pulled-1", "version": "v1.37.0"},
    }
    monkeypatch.setattr(f"{__name__}.ENVIRONMENTS", now)
    run_in(monkeypatch, "built")


def run_in(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let runs of labs from now on have this environment."""
    ran = Environment("v1", "kind", name, dict(ENVIRONMENTS.get(name, {})))
    monkeypatch.setattr(environment, "describe", lambda: ran)


@pytest.fixture
def evident(book: SampleBook) -> SampleBook:
    """A book with a lab that has run, and with its mutants, which were killed."""
    book.write("pyproject.toml", SETTINGS)
    book.write("library/wait.py", LIBRARY)
    book.write("library/pod.yaml", "kind: Pod\n")
    book.lab("restarts", CLAIM)
    book.write("labs/restarts/pod.yaml", "restartPolicy: Never\n")
    give_front_matter(book)
    book.page("chapter", "# Chapter\n\nNothing restarts {claim}`never`.\n")
    book.page("ledger", "# Ledger\n\n```{ledger}\n```\n")
    run_all(book)
    return book


def give_front_matter(book: SampleBook) -> None:
    text = book.root / "labs/restarts/restarts.md"
    text.write_text(f"---\nkernelspec: {{name: python3}}\n---\n\n{text.read_text()}")


def run_all(book: SampleBook) -> None:
    book.run("restarts", CLAIM, records=[record("never")])
    book.mutants("restarts", "never", verdict="killed")
    nothing = mutants.NOTHING_APPLIED
    book.verdicts("restarts", Verdict(nothing.mutant, nothing.claim, "killed", "so"))


def change(book: SampleBook, path: str, old: str, new: str) -> None:
    text = (book.root / path).read_text()
    assert text.count(old) >= 1
    (book.root / path).write_text(text.replace(old, new))


def reasons(book: SampleBook) -> tuple[set[str], set[str]]:
    """Why the labs, and why the mutants have to run."""
    now = Pending(book.root)
    return (
        {finding.reason for finding in now.all_labs()},
        {finding.reason for finding in now.all_mutants()},
    )


CHANGES = {
    "a manifest of the lab changed": ("labs/restarts/pod.yaml", "Never", "Always"),
    "the library changed": ("library/wait.py", "return 1", "return 2"),
    "a code cell of the lab changed": ("labs/restarts/restarts.md", "of it", "of that"),
}


def test_evidence_counts_as_long_as_nothing_changes(evident: SampleBook):
    assert reasons(evident) == ({""}, {""})
    build = evident.build()
    assert build.problems == []
    assert build.summary == "1 claim: 1 proved, 0 observed, 0 not run, 0 failed\n"


@pytest.mark.parametrize("reason", CHANGES)
def test_a_change_of_an_ingredient_makes_lab_and_mutants_run_again(
    evident: SampleBook, reason: str
):
    change(evident, *CHANGES[reason])
    assert reasons(evident) == ({reason}, {reason})


@pytest.mark.parametrize("reason", ["a manifest of the lab changed", "the library changed"])
def test_the_ledger_and_the_build_name_what_changed(evident: SampleBook, reason: str):
    change(evident, *CHANGES[reason])
    assert_not_run(evident, reason)


def assert_not_run(book: SampleBook, reason: str) -> None:
    build = book.build()
    assert build.problems == []
    assert f"Not run for this version: {reason}. The link leads" in build.text("chapter")
    ledger = build.text("ledger")
    assert f"t count for this version: {reason}. The lab" in ledger
    assert f"Verdict not run for this version: {reason} Name" in ledger
    assert f"Mutants not run for this version: {reason} : restartPolicy" in ledger
    assert build.summary == (
        f"1 claim: 0 proved, 0 observed, 1 not run (1 of them because {reason}), 0 failed\n"
    )


@pytest.mark.parametrize(
    ("ingredient", "reason"),
    [("cluster", "the cluster changed"), ("version", "the Kubernetes version changed")],
)
def test_a_change_of_the_environment_makes_everything_run_again(
    evident: SampleBook, ingredient: str, reason: str
):
    ENVIRONMENTS["built"][ingredient] = "changed"
    assert reasons(evident) == ({reason}, {reason})
    assert_not_run(evident, reason)


def test_each_environment_is_compared_with_its_own_ingredients(
    evident: SampleBook, monkeypatch: pytest.MonkeyPatch
):
    ENVIRONMENTS["pulled"]["cluster"] = "pulled-2"
    assert reasons(evident) == ({""}, {""})
    run_in(monkeypatch, "pulled")
    run_all(evident)
    ENVIRONMENTS["built"]["cluster"] = "built-2"
    assert reasons(evident) == ({""}, {""})
    ENVIRONMENTS["pulled"]["cluster"] = "pulled-3"
    assert reasons(evident) == ({"the cluster changed"}, {"the cluster changed"})


@pytest.mark.parametrize("name", ["context mine", ""])
def test_a_run_in_another_environment_never_counts(
    evident: SampleBook, monkeypatch: pytest.MonkeyPatch, name: str
):
    run_in(monkeypatch, name)
    run_all(evident)
    reason = "the lab ran in an environment that is not the book's"
    assert reasons(evident) == ({reason}, {reason})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("restartPolicy: Always", "restartPolicy: OnFailure"),
        ("file: pod.yaml", "file: other.yaml"),
        ("find: 'restartPolicy: Never'", "find: Never"),
        ("restarts: 1", "restarts: 2"),
    ],
)
def test_a_change_of_a_mutant_makes_it_run_again_and_the_lab_not(
    evident: SampleBook, old: str, new: str
):
    change(evident, "labs/restarts/mutants.yaml", old, new)
    assert reasons(evident) == ({""}, {"the mutant changed", ""})


def test_a_claim_whose_mutant_changed_is_observed(evident: SampleBook):
    change(evident, "labs/restarts/mutants.yaml", "Always", "OnFailure")
    build = evident.build()
    assert build.summary == "1 claim: 0 proved, 1 observed, 0 not run, 0 failed\n"
    ledger = build.text("ledger")
    assert "Verdict observed Name" in ledger
    assert "Mutants not run for this version: the mutant changed : restartPolicy" in ledger


def test_several_ingredients_are_named_together(evident: SampleBook):
    for each in CHANGES.values():
        change(evident, *each)
    reason = "a code cell of the lab, a manifest of the lab and the library changed"
    assert reasons(evident) == ({reason}, {reason})


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("library/wait.py", "# second", "# of a minute"),
        ("library/wait.py", "Wait.", "Wait for it."),
        ("library/wait.py", "A library.", "The library."),
        ("labs/restarts/restarts.md", "# A lab", "# The lab"),
        ("labs/restarts/restarts.ipynb", "# A lab", "# The lab"),
        ("labs/restarts/mutants.yaml", "mutant:", "mutant:  "),
    ],
)
def test_comments_docstrings_and_prose_change_nothing(
    evident: SampleBook, path: str, old: str, new: str
):
    change(evident, path, old, new)
    assert reasons(evident) == ({""}, {""})


def test_a_file_of_the_library_that_is_not_python_counts_by_its_content(evident: SampleBook):
    change(evident, "library/pod.yaml", "kind", "# a comment\nkind")
    assert reasons(evident) == ({"the library changed"}, {"the library changed"})


def test_a_renamed_file_of_a_lab_counts_as_changed(evident: SampleBook):
    pod = evident.root / "labs/restarts/pod.yaml"
    pod.rename(pod.with_name("other.yaml"))
    assert reasons(evident)[0] == {"a manifest of the lab changed"}


def test_evidence_that_does_not_state_its_provenance_never_counts(evident: SampleBook):
    path = evident.root / "_build/evidence/restarts.ipynb"
    notebook = json.loads(path.read_text())
    del notebook["metadata"][evidence.METADATA]
    path.write_text(json.dumps(notebook))
    store = EvidenceStore.of_book(evident.root)
    store.write_verdicts("restarts", [Verdict("breaks-never", "never", "killed", "so")])
    reason = "the run doesn't state what it was made of"
    assert reasons(evident) == ({reason}, {reason, pending.NOT_RUN})


def test_a_mutant_that_was_not_killed_runs_again(evident: SampleBook):
    evident.mutants("restarts", "never", verdict="survived")
    assert reasons(evident) == ({""}, {"survived in the last run", ""})


@pytest.mark.parametrize(("name", "value"), [("FORCE", "1"), ("CI", "true")])
def test_a_variable_makes_everything_run(
    evident: SampleBook, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    assert reasons(evident) == ({f"{name}={value}"}, {f"{name}={value}"})


def test_the_provenance_is_of_the_time_when_it_was_taken(evident: SampleBook):
    lab = evident.root / "labs/restarts/restarts.md"
    taken = Book(evident.root).take(lab)
    change(evident, *CHANGES["a manifest of the lab changed"])
    assert Book(evident.root).changed(lab, taken) == ("files",)
    assert Provenance.from_json(json.loads(json.dumps(taken.to_json()))) == taken


def test_every_module_of_the_package_counts_except_those_named(evident: SampleBook):
    names = {path.stem for path in provenance.PACKAGE.glob("*.py")}
    assert names >= provenance.NOT_IMPORTED | provenance.ONLY_MUTANTS
    assert not provenance.NOT_IMPORTED & provenance.ONLY_MUTANTS


def test_a_function_that_cannot_be_imported_is_named(evident: SampleBook):
    change(evident, "pyproject.toml", ":environments", ":nothing")
    with pytest.raises(BadSettings) as error:
        reasons(evident)
    assert str(error.value) == (
        f"{evident.root / 'pyproject.toml'}: [tool.nbclaims] environment = "
        "'tests.nbclaims.test_provenance:nothing' can't be imported: module "
        "'tests.nbclaims.test_provenance' has no attribute 'nothing'\n"
        '  Next: write a function that takes no argument as "package.module:function"'
    )


def test_the_report_says_what_is_reused_and_what_runs():
    findings = [
        pending.Finding("sidecars", "", "2026-11-28"),
        pending.Finding("services", "", "2026-11-29"),
        pending.Finding("ingress", "kubelab changed"),
        pending.Finding("gateway", "kubelab changed"),
        pending.Finding("metrics", "not run yet"),
    ]
    assert pending.report(findings, "lab") == (
        "2 labs have valid evidence of 2026-11-28 to 2026-11-29; FORCE=1 runs them again.\n"
        "2 labs to run (kubelab changed): ingress, gateway\n"
        "1 lab to run (not run yet): metrics"
    )
    assert pending.report(findings[1:2], "lab") == (
        "1 lab has valid evidence of 2026-11-29; FORCE=1 runs it again."
    )
    assert pending.report([findings[2], findings[2], findings[4]], "mutant") == (
        "2 mutants to run (kubelab changed): 2 of ingress\n"
        "1 mutant to run (not run yet): 1 of metrics"
    )


def test_verdicts_are_kept_for_each_mutant(tmp_path: Path):
    store = EvidenceStore.of_book(tmp_path)
    one, two, old = (mutants.Mutant(name, "a", "f", "0", "1", {}) for name in ("one", "two", "old"))
    killed = [Verdict(name, "a", "killed", "so") for name in ("one", "two", "old", "")]
    store.update_verdicts("lab", killed, [one, two, old])
    again = Verdict("two", "a", "survived", "it held")
    store.update_verdicts("lab", [again], [one, two])
    assert store.verdicts("lab") == [killed[3], killed[0], again]
