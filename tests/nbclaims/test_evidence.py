"""What the evidence store keeps, and what it refuses to read."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from nbclaims import evidence
from nbclaims.evidence import EvidenceStore
from nbclaims.mutants import Verdict
from nbclaims.provenance import Provenance
from nbclaims.record import MIME_TYPE, Record, UnknownSchema
from tests.nbclaims.sample_book import record

TAKEN = Provenance("2026-11-22T17:00:00Z", "built", {"code": "c"})


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore.of_book(tmp_path)


def test_verdicts_are_read_as_they_were_written(store: EvidenceStore):
    verdicts = [
        Verdict("b", "claim-1", "killed", "expected 0  observed 1", "pod.yaml", "-0\n+1"),
        Verdict("a", "claim-2", "void", "the lab has no file pod.yaml", provenance=TAKEN),
    ]
    store.write_verdicts("lab", verdicts)
    assert store.verdicts("lab") == sorted(verdicts, key=lambda verdict: verdict.mutant)


def test_a_lab_that_was_not_run_has_no_evidence(store: EvidenceStore):
    assert store.notebook_text("lab") is None
    assert store.verdicts("lab") == []
    store.remove_notebook("lab")


def test_a_new_notebook_replaces_the_old_one_and_leaves_no_other_file(store: EvidenceStore):
    for source in ("old", "new"):
        store.write_notebook("lab", new_notebook(cells=[new_code_cell(source)]), TAKEN)
    assert '"new"' in store.notebook_text("lab")
    assert [path.name for path in store.folder.iterdir()] == ["lab.ipynb"]
    store.remove_notebook("lab")
    assert store.notebook_text("lab") is None


def test_an_executed_notebook_states_what_it_was_made_of(store: EvidenceStore):
    store.write_notebook("lab", new_notebook(), TAKEN)
    assert evidence.provenance(json.loads(store.notebook_text("lab"))) == TAKEN


def test_a_notebook_that_cannot_be_written_leaves_the_old_one(store: EvidenceStore):
    store.write_notebook("lab", new_notebook(cells=[new_code_cell("old")]), TAKEN)
    broken = new_notebook(cells=[new_code_cell("new")], metadata={"x": object()})
    with pytest.raises(TypeError, match="not JSON serializable"):
        store.write_notebook("lab", broken, TAKEN)
    assert '"old"' in store.notebook_text("lab")


def test_a_record_is_read_as_it_was_written():
    written = Record.from_json(record("a-claim"))
    assert Record.from_json(written.to_json()) == written
    assert written.day == "2026-11-22"


def test_a_record_of_another_schema_is_refused_with_the_next_step():
    with pytest.raises(UnknownSchema) as refused:
        Record.from_json(record("a-claim", schema=1))
    assert str(refused.value) == (
        "the record of claim 'a-claim' has schema 1, this version of nbclaims reads schema 2\n"
        "  Next: run the lab again"
    )


def test_of_a_claim_made_several_times_the_first_that_failed_counts():
    made = [record("a", at="1"), record("a", at="2", holds=False), record("a", at="3", holds=False)]
    outputs = [new_output("display_data", {MIME_TYPE: one}) for one in made]
    found = evidence.records([new_code_cell("claim(…)", outputs=outputs)])
    assert found["a"].at == "2"


def test_a_recorded_run_is_read_where_there_is_no_newer_one(tmp_path: Path, store: EvidenceStore):
    store.write_notebook("lab", new_notebook(cells=[new_code_cell("recorded")]), TAKEN)
    store.write_verdicts("lab", [Verdict("a", "c", "killed", "old"), Verdict("b", "c", "void", "")])
    files = [path.relative_to(tmp_path).as_posix() for path in store.record(tmp_path)]
    assert files == ["recorded/lab.ipynb", "recorded/mutants/lab.json"]

    store.remove_notebook("lab")
    store.write_verdicts("lab", [Verdict("b", "c", "killed", "new")])
    both = EvidenceStore.with_recorded(tmp_path)
    assert '"recorded"' in both.notebook_text("lab")
    assert [(one.mutant, one.reason) for one in both.verdicts("lab")] == [
        ("a", "old"),
        ("b", "new"),
    ]
    assert store.notebook_text("lab") is None, "what has to run is decided without it"

    store.write_notebook("lab", new_notebook(cells=[new_code_cell("new")]), TAKEN)
    assert '"recorded"' not in both.notebook_text("lab")
