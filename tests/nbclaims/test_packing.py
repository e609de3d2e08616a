"""Which mutants of a lab share a run, and where its claims are controlled, in a small lab."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nbclaims import packing

CELLS = [
    'lab = Lab("x")\nclient = Client(lab.apply("client.yaml"))',
    'red = lab.apply("red.yaml")\nclaim("red", "…", observed={"phase": red.phase})',
    'blue = lab.apply("blue.yaml")\nclaim("blue", "…", observed={"phase": blue.phase})',
    'front = lab.apply("front.yaml")\nclaim("front", "…", observed={"ip": front.ip})',
    'answer = client.get("http://front:80")\nclaim("asks", "…", observed={"by": answer})',
    'blue.delete()\nclaim("gone", "…", observed={"there": blue.exists})',
    'both = {c: lab.apply(f"{c}.yaml") for c in ("one", "two")}',
    'claim("one", "…", observed={"phase": both["one"].phase})',
    'claim("two", "…", observed={"phase": both["two"].phase})',
    'answer = lab.try_apply("wrong.yaml")\nclaim("no", "…", observed={"status": answer.status})',
]
POD = "kind: Pod\nmetadata: {name: NAME, labels: {app: NAME}}\nspec: {restartPolicy: Never}\n"
SERVICE = "kind: Service\nmetadata: {name: NAME}\nspec: {selector: {app: red}}\n"


@dataclass(frozen=True)
class Mutant:
    mutant: str
    claim: str
    file: str
    find: str = "Never"
    text: str = "Always"
    run: int | None = None

    @property
    def change(self) -> tuple[str, str, str]:
        return self.file, self.find, self.text


RED = Mutant("m-red", "red", "red.yaml")
BLUE = Mutant("m-blue", "blue", "blue.yaml")
FRONT = Mutant("m-front", "front", "front.yaml", "app: red", "app: blue")
ASKS = Mutant("m-asks", "asks", "lab.md", "front:80", "front:81")
PORT = Mutant("m-port", "front", "lab.md", "front.ip", "front.port")
GONE = Mutant("m-gone", "gone", "lab.md", "blue.delete()", "pass")
ONE = Mutant("m-one", "one", "one.yaml")
TWO = Mutant("m-two", "two", "two.yaml")
NO = Mutant("m-no", "no", "wrong.yaml")

Share = Callable[..., bool]


def code(text: str) -> list[str]:
    return text.split("\n---\n")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    for name in ("client", "red", "blue", "one", "two", "wrong"):
        (tmp_path / f"{name}.yaml").write_text(POD.replace("NAME", name))
    (tmp_path / "front.yaml").write_text(SERVICE.replace("NAME", "front"))
    path = tmp_path / "lab.md"
    path.write_text("\n---\n".join(CELLS))
    return path


@pytest.fixture
def share(lab: Path) -> Share:
    def share(*mutants: Mutant) -> bool:
        runs = [run for run in packing.of(lab, mutants, code) if run.mutants]
        return len(runs) == 1

    return share


def test_changes_of_files_that_nobody_else_reads_share_a_run(share: Share):
    assert share(RED, BLUE, ONE, TWO, NO)


def test_two_mutants_of_one_claim_never_share_a_run(share: Share):
    assert not share(RED, replace(RED, mutant="m-red-2", text="OnFailure"))


def test_one_change_may_be_about_two_claims(share: Share):
    assert share(BLUE, replace(BLUE, mutant="m-blue-2", claim="gone"))


def test_a_change_reaches_who_uses_the_object_of_its_file(share: Share):
    assert not share(BLUE, GONE)


def test_a_change_of_the_text_reaches_who_needs_the_statement(lab: Path, share: Share):
    lab.write_text(
        lab.read_text()
        .replace("blue.phase", "blue.phase + x")
        .replace('"client.yaml"))', '"client.yaml"))\nx = 1')
    )
    changed = Mutant("m", "red", "lab.md", "x = 1", "x = 2")
    assert not share(changed, BLUE)


def test_a_change_of_the_text_reaches_no_claim_before_it(share: Share):
    assert share(GONE, RED)
    assert share(replace(GONE, claim="gone"), FRONT)


def test_labels_reach_the_service_that_selects_them(share: Share):
    assert not share(replace(RED, find="app: red", text="app: redder"), PORT)


def test_a_new_label_reaches_the_service_that_selects_it(share: Share):
    assert not share(replace(BLUE, find="app: blue", text="app: red"), PORT)


def test_a_name_in_a_url_reaches_the_object_of_that_name(share: Share):
    assert not share(FRONT, ASKS)


def test_what_is_refused_is_not_there(share: Share):
    assert share(replace(NO, find="app: wrong", text="app: red"), FRONT)


def test_what_is_refused_only_as_it_stands_may_be_there_after_a_change(lab: Path, share: Share):
    early = CELLS[-1].replace(".yaml", '.yaml", dry_run=False', 1).replace('False"', "False")
    lab.write_text("\n---\n".join([CELLS[0], early, *CELLS[1:-1]]))
    assert not share(replace(NO, find="app: wrong", text="app: red"), PORT)


def test_a_far_reaching_kind_reaches_everything_later(share: Share):
    quota = replace(RED, find="kind: Pod", text="kind: ResourceQuota")
    assert not share(quota, BLUE)


def test_changes_of_one_place_cannot_both_be_made(share: Share):
    assert not share(replace(NO, mutant="m"), replace(NO, claim="red", text="Sometimes"))


def test_each_claim_has_a_control_in_a_run_without_mutants(lab: Path):
    runs = packing.of(lab, [RED, BLUE, FRONT, ASKS, GONE, ONE, TWO, NO], code)
    controls = [claim for run in runs for claim in run.controls]
    assert sorted(controls) == sorted(["red", "blue", "front", "asks", "gone", "one", "two", "no"])
    assert not [run for run in runs if run.mutants and run.controls]


def test_the_costliest_run_is_first(lab: Path):
    costs = [run.cost for run in packing.of(lab, [RED, BLUE, FRONT, ASKS, ONE, TWO], code)]
    assert costs == sorted(costs, reverse=True)


def test_an_effect_that_is_not_taken_back_keeps_slices_apart(lab: Path, share: Share):
    lab.write_text(
        "\n---\n".join(
            [
                'lab = Lab("x")\nred = lab.apply("red.yaml")\nfront = lab.apply("front.yaml")',
                'red.patch({})\nclaim("off", "…", observed={"phase": red.phase})',
                'red.patch({"on": 1})',
                'claim("front", "…", observed={"ip": front.ip})',
                'number = 1\nclaim("number", "…", observed={"number": number})',
            ]
        )
    )
    off = Mutant("m-off", "off", "lab.md", "red.patch({})", "red.patch({'no': 1})")
    number = Mutant("m-number", "number", "lab.md", "number = 1", "number = 2")
    assert not share(off, PORT)
    assert share(off, number)


def test_the_result_is_kept_until_a_file_of_the_lab_changes(lab: Path, tmp_path: Path):
    cache = tmp_path / "cache"
    mutants = [RED, BLUE, ASKS]
    runs = packing.of(lab, mutants, code, cache)
    [kept] = cache.iterdir()
    assert packing.of(lab, mutants, lambda text: pytest.fail("computed again"), cache) == runs
    (lab.parent / "blue.yaml").write_text("kind: Secret\nmetadata: {name: blue}\n")
    packing.of(lab, mutants, code, cache)
    assert [path.name for path in cache.iterdir()] != [kept.name]


def test_a_number_decides_which_mutants_share_a_run(share: Share):
    assert share(RED, BLUE)
    assert not share(replace(RED, run=1), replace(BLUE, run=2))
    assert not share(replace(RED, run=1), BLUE)
    assert not share(RED, FRONT)
    assert share(replace(RED, run=1), replace(FRONT, run=1))
