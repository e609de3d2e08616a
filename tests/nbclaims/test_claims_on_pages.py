"""What the pages say of a claim, and what stops the build."""

from __future__ import annotations

import pytest

from nbclaims.words import in_words
from tests.nbclaims.sample_book import SampleBook, claim_cell, record

NEVER = claim_cell("never-restarts", "Never restarts nothing.")


@pytest.fixture
def cited(book: SampleBook) -> SampleBook:
    """A lab with one claim, and a chapter that cites it."""
    book.lab("restarts", NEVER)
    book.page("chapter", "# Chapter\n\nNothing restarts {claim}`never-restarts`.\n")
    return book


def test_a_claim_without_a_run_shows_as_not_run(cited: SampleBook):
    build = cited.build()
    assert build.problems == []
    text = build.text("chapter")
    assert "Evidence for “Never restarts nothing.”: not run" in text
    assert "Not run. The link leads to the cell that would show it. Evidence" in text
    assert "proved" not in text


def test_a_citation_of_a_claim_not_run_leads_to_its_cell(cited: SampleBook):
    build = cited.build()
    assert 'href="labs/restarts/restarts.html#claim-never-restarts"' in build.pages["chapter"]
    assert build.pages["labs/restarts/restarts"].count('id="claim-never-restarts"') == 1


def test_two_claims_of_one_cell_that_were_not_run_each_have_their_place(book: SampleBook):
    book.lab("restarts", f"{NEVER}\n{claim_cell('never-stops')}")
    book.page("chapter", "# Chapter\n\n{claim}`never-restarts` {claim}`never-stops`\n")
    page = book.build().pages["labs/restarts/restarts"]
    assert [page.count(f'id="claim-never-{what}"') for what in ("restarts", "stops")] == [1, 1]


def test_a_citation_of_a_claim_that_ran_leads_to_its_box(cited: SampleBook):
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    build = cited.build()
    assert build.pages["labs/restarts/restarts"].count('id="claim-never-restarts"') == 1
    assert '<section id="claim-never-restarts">' in build.pages["labs/restarts/restarts"]


def test_a_claim_that_held_and_failed_under_a_mutant_is_proved(cited: SampleBook):
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    cited.mutants("restarts", "never-restarts", verdict="killed")
    assert (
        "Proved. Observed phase Failed, restarts 0. Kubernetes v1.37.2, 2026-11-22."
        in cited.build().text("chapter")
    )


@pytest.mark.parametrize("verdict", [None, "void"])
def test_a_claim_that_held_is_observed_while_no_mutant_was_killed(
    cited: SampleBook, verdict: str | None
):
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    cited.mutants("restarts", "never-restarts", verdict=verdict)
    build = cited.build()
    assert (
        "Observed. Observed phase Failed, restarts 0. Kubernetes v1.37.2, 2026-11-22. "
        "No run shows yet that this check can fail." in build.text("chapter")
    )
    assert "1 claim: 0 proved, 1 observed, 0 not run, 0 failed" in build.summary
    assert "mark-survived" not in build.pages["chapter"]


def test_a_claim_that_held_under_a_mutant_is_not_proved_and_names_the_mutant(cited: SampleBook):
    cited.page("ledger", "# Ledger\n\n```{ledger}\n```\n")
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    cited.mutants("restarts", "never-restarts", verdict="survived")
    build = cited.build()
    words = "bserved, but it also held under the mutant breaks-never-restarts"
    assert f"O{words}. Observed phase Failed" in build.text("chapter")
    assert "mark-observed mark-survived" in build.pages["chapter"]
    assert f"Verdict o{words}" in build.text("ledger")
    assert build.summary == (
        "1 claim: 0 proved, 1 observed, 0 not run, 0 failed\n"
        "mutants that survived: breaks-never-restarts (claim never-restarts)\n"
    )


@pytest.mark.parametrize(
    ("control", "word"), [("held", "Proved"), ("failed", "Observed"), (None, "Proved")]
)
def test_a_claim_is_not_proved_if_its_control_failed(
    cited: SampleBook, control: str | None, word: str
):
    cited.page("ledger", "# Ledger\n\n```{ledger}\n```\n")
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    cited.mutants("restarts", "never-restarts", verdict="killed", control=control)
    build = cited.build()
    assert f"{word}. Observed phase Failed" in build.text("chapter")
    assert (f"Control {control}" in build.text("ledger")) == (control is not None)


def test_a_claim_that_failed_shows_what_the_cluster_answered(cited: SampleBook):
    cited.run(
        "restarts",
        NEVER,
        records=[record("never-restarts", holds=False, observed={"phase": "Running"})],
    )
    cited.mutants("restarts", "never-restarts", verdict="killed")
    assert (
        "Failed. Observed phase Running, where the book expects phase Failed, restarts 0."
        in cited.build().text("chapter")
    )


def test_a_claim_made_twice_in_a_run_holds_only_if_it_held_each_time(cited: SampleBook):
    records = [record("never-restarts"), record("never-restarts", holds=False)]
    cited.run("restarts", NEVER, records=[*records, record("never-restarts")])
    assert "Failed." in cited.build().text("chapter")


def test_a_claim_that_the_run_did_not_come_to_shows_as_not_run(cited: SampleBook):
    cited.run("restarts", NEVER, records=[])
    assert "Not run. The link leads" in cited.build().text("chapter")


def test_a_run_of_other_code_is_no_evidence(cited: SampleBook):
    cited.run("restarts", NEVER + "  # as it was", records=[record("never-restarts")])
    assert (
        "Not run for this version: a code cell of the lab changed. The link leads to the cell"
        in cited.build().text("chapter")
    )


def test_a_run_of_a_text_whose_notebook_was_not_generated_is_no_evidence(cited: SampleBook):
    new = NEVER + "  # new"
    cited.write("labs/restarts/restarts.md", f"```{{code-cell}} ipython3\n{new}\n```\n")
    cited.run("restarts", new, records=[record("never-restarts")])
    assert "a code cell of the lab changed." in cited.build().text("chapter")


def test_a_record_of_another_schema_is_no_evidence(cited: SampleBook):
    cited.run("restarts", NEVER, records=[record("never-restarts", schema=1)])
    assert (
        "Not run for this version: another version of nbclaims wrote its records."
        in cited.build().text("chapter")
    )


def test_a_new_run_changes_the_pages_of_the_last_build(cited: SampleBook):
    assert "Not run. The link" in cited.build().text("chapter")
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    second = cited.build()
    assert "Observed. Observed" in second.text("chapter")
    assert '<section id="claim-never-restarts">' in second.pages["labs/restarts/restarts"]


def test_an_unknown_claim_stops_the_build(cited: SampleBook):
    cited.page("other", "# Other\n\nWrong {claim}`never-restart`.\n")
    assert cited.build().problems == [
        "other.md, line 3: no lab makes the claim 'never-restart'. Did you mean 'never-restarts'?"
    ]


def test_an_unknown_claim_stops_the_second_build_too(cited: SampleBook):
    cited.page("other", "# Other\n\nWrong {claim}`unheard-of`.\n")
    first = cited.build().problems
    assert first == ["other.md, line 3: no lab makes the claim 'unheard-of'."]
    assert cited.build().problems == first


def test_an_uncited_claim_stops_the_build(book: SampleBook):
    book.lab("restarts", NEVER)
    assert book.build().problems == [
        "labs/restarts/restarts.ipynb, cell 1: no chapter cites the claim 'never-restarts'. "
        "Cite it with {claim}`never-restarts`, or take it out of the lab."
    ]


def test_a_doubled_name_stops_the_build(cited: SampleBook):
    cited.lab("sidecars", "pod = 1", claim_cell("never-restarts"))
    assert cited.build().problems == [
        "labs/sidecars/sidecars.ipynb, cell 2: the claim 'never-restarts' is already made in "
        "labs/restarts/restarts.ipynb, cell 1. A claim's name is its address: rename one of them."
    ]


def test_a_mutant_of_an_unknown_claim_stops_the_build(cited: SampleBook):
    cited.mutants("restarts", "unheard-of")
    assert cited.build().problems == [
        "labs/restarts/restarts, mutant 'breaks-unheard-of': no lab makes the claim 'unheard-of'."
    ]


def test_a_statement_resting_on_an_unknown_claim_stops_the_build(cited: SampleBook):
    cited.statements({"quote": "Never >>", "verdict": "true", "claims": ["unheard-of"]})
    assert cited.build().problems == [
        "the statement 'Never >>': no lab makes the claim 'unheard-of'."
    ]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (
            {"verdict": "right"},
            "the statement 'Never >>' has the verdict 'right': "
            "use one of wrong, true but incomplete, only named, true, to come.",
        ),
        (
            {"verdict": "true"},
            "the statement 'Never >>' has the verdict `true` and 0 claims: "
            "every verdict needs claims, except `to come`, which has none.",
        ),
        (
            {"verdict": "wrong", "claims": ["never-restarts"]},
            "the statement 'Never >>' has the verdict `wrong`: a correction goes with "
            "`wrong`, `true but incomplete`, `only named`, and with no other verdict.",
        ),
        (
            {"verdict": "true", "claims": ["never-restarts"], "correction": "No."},
            "the statement 'Never >>' has the verdict `true`: a correction goes with "
            "`wrong`, `true but incomplete`, `only named`, and with no other verdict.",
        ),
    ],
)
def test_a_statement_that_contradicts_itself_stops_the_build(
    cited: SampleBook, entry: dict, error: str
):
    cited.statements({"quote": "Never >>", **entry})
    assert cited.build().problems == [error]


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("claim(name, 'S.')", "a claim's name and sentence must be two literal strings"),
        ("claim('Never', 'S.')", "a link can't contain the claim's name 'Never'"),
        ("%matplotlib inline", "line 1 is not Python: invalid syntax"),
    ],
)
def test_a_lab_that_cannot_be_read_stops_the_build(book: SampleBook, cell: str, error: str):
    book.lab("restarts", cell)
    stopped = book.build().problems[0]
    assert stopped.startswith("labs/restarts/restarts.ipynb, cell 1: ")
    assert error in stopped


def test_the_mark_stays_with_the_word_before_and_the_stop_behind(cited: SampleBook):
    page = cited.build().pages["chapter"]
    assert 'Nothing <span class="claim-bound">restarts <span class="claim-mark' in page
    assert "</span></span>.</span>" in page


def test_the_ledger_tells_all_about_a_claim(cited: SampleBook):
    cited.page("ledger", "# Ledger\n\n```{ledger}\n```\n")
    cited.statements(
        {
            "quote": "POD Restart Policy",
            "verdict": "true but incomplete",
            "correction": "Containers restart, `Pods` don't.",
            "claims": ["never-restarts"],
        }
    )
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    cited.mutants("restarts", "never-restarts", verdict="killed")
    build = cited.build()
    text = build.text("ledger")
    for words in (
        "1 proved",
        "Run on Kubernetes v1.37.2 (kind) on 2026-11-22.",
        "Never restarts nothing.",
        "Observed phase Failed, restarts 0",
        "Cited in Chapter",
        "Source text “POD Restart Policy” true but incomplete",
        "killed : restartPolicy: Never becomes restartPolicy: Always in pod.yaml",
        "What the run said restarts expected 0 observed 1",
    ):
        assert words in text
    assert 'href="chapter.html#cites-never-restarts"' in build.pages["ledger"]
    assert 'id="cites-never-restarts"' in build.pages["chapter"]


def test_the_corrections_list_every_statement(cited: SampleBook):
    cited.page("corrections", "# Corrections\n\n```{corrections}\n```\n")
    cited.statements(
        {
            "quote": "POD Restart Policy",
            "verdict": "true but incomplete",
            "correction": "Containers restart, `Pods` don't.",
            "claims": ["never-restarts"],
        },
        {"quote": "Never >>", "verdict": True, "claims": ["never-restarts"]},
        {"quote": "Always >>"},
    )
    build = cited.build()
    assert "<code>Pods</code> don\N{RIGHT SINGLE QUOTATION MARK}t." in build.pages["corrections"]
    text = build.text("corrections")
    for words in ("1 true but incomplete", "1 true", "1 to come"):
        assert words in text
    assert text.index("POD Restart Policy") < text.index("Never >>")
    assert text.index("Not in this edition") < text.index("Always >>")


def test_the_versions_come_from_the_run(cited: SampleBook):
    cited.page("versions", "# Versions\n\n```{versions}\n```\n")
    assert "No run of a lab counts for this version." in cited.build().text("versions")
    cited.run("restarts", NEVER, records=[])
    assert "A lab the run came to no claim" in cited.build().text("versions")
    cited.run("restarts", NEVER, records=[record("never-restarts")])
    assert "A lab v1.37.2 kind 2026-11-22" in cited.build().text("versions")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"phase": "Failed", "exit_code": 1}, "phase Failed, exit code 1"),
        (
            {"ready": False, "reason": None, "seconds": 10.0468},
            "ready no, reason none, seconds 10.05",
        ),
        ({"exits-0": ["Succeeded", 0], "back-offs": []}, "exits-0 Succeeded, 0; back-offs none"),
        ({"cluster": {"same uid": True, "restarts": 1}}, "cluster (same uid yes, restarts 1)"),
        ({"by port": {80: "refused"}}, "by port (80 refused)"),
        (dict.fromkeys("abcdefgh", 0), "a 0, b 0, c 0, d 0, e 0, f 0, g 0, h 0"),
        (dict.fromkeys("abcdefgh", 0) | {"i": 1, "j": "x"}, "8 times 0, i 1, j x"),
    ],
)
def test_what_was_observed_is_said_in_words(values: dict, words: str):
    assert in_words(values) == words
