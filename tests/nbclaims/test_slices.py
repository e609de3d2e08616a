import ast

import pytest

from nbclaims import slices
from nbclaims.sites import UnreadableClaim

SETUP = 'from kubelab import Lab\nfrom nbclaims import claim\n\nlab = Lab("x")'
ONE = 'pod = lab.apply("one.yaml")\nclaim("one", "…", observed={"phase": pod.phase})'
TWO = 'other = lab.apply("two.yaml")\nclaim("two", "…", observed={"phase": other.phase})'


def needed(name: str, *cells: str) -> list[int]:
    """Positions of the cells that a claim needs."""
    return [cell.position for cell in slices.for_claim(slices.parse(cells), name)]


def text(name: str, *cells: str) -> str:
    found = slices.for_claim(slices.parse(cells), name)
    return "\n".join(ast.unparse(statement) for cell in found for statement in cell.statements)


def test_a_claim_needs_its_own_cell_and_the_set_up():
    assert needed("two", SETUP, ONE, TWO) == [1, 3]


def test_what_an_earlier_cell_made_is_needed_through_its_name():
    uses = 'claim("late", "…", observed={"same": pod.uid == before})'
    assert needed("late", SETUP, ONE, "before = pod.uid", TWO, uses) == [1, 2, 3, 5]


def test_of_several_cells_that_bind_a_name_the_last_before_the_reader_counts():
    again = 'pod = lab.apply("again.yaml")'
    uses = 'claim("late", "…", observed={"phase": pod.phase})'
    assert needed("late", SETUP, ONE, again, uses, 'pod = lab.apply("later.yaml")') == [1, 3, 4]


def test_a_cell_that_adds_to_a_name_needs_the_one_that_made_it():
    uses = 'claim("sum", "…", observed={"n": n})'
    assert needed("sum", SETUP, "n = 1", "n += 1", uses) == [1, 2, 3, 4]


def test_loops_functions_and_imports_bind_names():
    cells = ["import json as j", "def f(x):\n    return j.dumps(x)", "for i in (1, 2):\n    pass"]
    uses = 'claim("all", "…", observed={"a": f(i)})'
    assert needed("all", SETUP, *cells, uses) == [1, 2, 3, 4, 5]


def test_names_of_loops_and_comprehensions_are_their_own():
    loop = "for pod in pods:\n    pod.wait()"
    comprehension = "phases = [pod.phase for pod in pods] + list(map(lambda pod: pod, pods))"
    uses = 'claim("all", "…", observed={pod: p for p, pod in phases})'
    cells = [SETUP, ONE, "pods = lab.pods()", f"{loop}\n{comprehension}", uses]
    assert needed("all", *cells) == [1, 3, 4, 5]
    after_it = 'claim("pod", "…", observed={"phase": pod.phase})'
    assert needed("pod", SETUP, ONE, "phases = [pod for pod in ()]", after_it) == [1, 2, 4]


def test_what_a_loop_binds_before_it_reads_it_comes_from_no_other_cell():
    loop = "for name in ('a', 'b'):\n    pod = lab.apply(name)\n    phase = pod.phase"
    uses = 'claim("loop", "…", observed={"phase": phase})'
    assert needed("loop", SETUP, ONE, loop, uses) == [1, 3, 4]
    carried = "for name in ('a', 'b'):\n    phase = pod.phase\n    pod = lab.apply(name)"
    assert needed("loop", SETUP, ONE, carried, uses) == [1, 2, 3, 4]


def test_a_change_of_an_object_is_needed_by_those_who_use_the_object_later():
    change = 'pod.patch({"spec": {}})'
    uses = 'claim("late", "…", observed={"phase": pod.phase})'
    assert needed("late", SETUP, ONE, change, TWO, uses, "pod.delete()") == [1, 2, 3, 5]
    assert needed("two", SETUP, ONE, change, TWO, uses) == [1, 4]


def test_a_change_brings_in_what_it_needs_itself():
    function = "def restart(one):\n    one.patch(body)"
    cells = [SETUP, ONE, "body = {}", function, "restart(pod)", TWO]
    uses = 'claim("late", "…", observed={"phase": pod.phase})'
    assert needed("late", *cells, uses) == [1, 2, 3, 4, 5, 7]


def test_an_earlier_change_of_a_collection_that_holds_the_object_is_needed():
    cells = [SETUP, ONE, "both = {1: pod}", "for each in both.values():\n    each.delete()"]
    uses = 'claim("late", "…", observed={"phase": pod.phase})'
    assert needed("late", *cells, uses) == [1, 2, 3, 4, 5]


def test_what_is_put_into_a_collection_is_needed():
    cells = [SETUP, "found = {}", "found['a'] = 1", "found.update(b=2)"]
    uses = 'claim("all", "…", observed=found)'
    assert needed("all", *cells, uses) == [1, 2, 3, 4, 5]


def test_other_claims_of_needed_cells_are_left_out_so_that_they_cannot_fail_first():
    uses = 'claim("late", "…", observed={"phase": pod.phase})'
    assert "'one'" not in text("late", SETUP, ONE, uses)
    assert "lab.apply('one.yaml')" in text("late", SETUP, ONE, uses)


def test_nothing_after_the_claim_runs():
    after = 'claim("a", "…", observed={"n": 1})\nlab.close()'
    assert "close" not in text("a", SETUP, after)


def test_a_claim_that_no_cell_makes():
    with pytest.raises(LookupError, match="no cell makes the claim 'nine'"):
        needed("nine", SETUP, ONE)


def test_all_claims_in_order():
    assert slices.claims(slices.parse([SETUP, TWO, ONE])) == ["two", "one"]


def test_a_claim_s_name_must_be_literal():
    with pytest.raises(UnreadableClaim, match="name and sentence must be two literal strings"):
        slices.claims(slices.parse(["claim(name, '…')"]))


def test_a_cell_with_shell_magic_is_named():
    with pytest.raises(SyntaxError, match="code cell 2"):
        slices.parse([SETUP, "!kubectl get pods"])
