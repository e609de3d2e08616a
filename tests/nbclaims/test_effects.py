"""Which statements are seen to change which objects."""

import ast

import pytest

from nbclaims import effects

SETUP = 'pod, other = lab.apply("pod.yaml"), lab.apply("other.yaml")'


def seen(*statements: str) -> list[bool]:
    """For each statement after the set-up, whether it changes what `pod` stands for."""
    parsed = ast.parse("\n".join([SETUP, *statements])).body
    found = effects.of(parsed)
    pod = parsed[0].value.elts[0]
    return [pod in {one.call for one in found[s].changed} for s in parsed[1:]]


@pytest.mark.parametrize(
    "change",
    [
        "pod.delete()",
        "answer = pod.patch({})",
        "pod.evict() if late else None",
        'pod.exec("touch", "/tmp/stop")',
        'pod.exec("bash", "-c", "echo now > /tmp/stop")',
        'lab.node(pod.node).run("crictl", "stop", "x")',
        "pods = [pod, other]\nfor one in pods:\n    one.delete()",
        'cases = {"a": pod}\nfirst = cases["a"]\nfirst.delete()',
        "cases = {}\ncases['a'] = pod\nfor case, one in cases.items():\n    one.delete()",
        "late = []\nlate.append(pod)\nlate[0].delete()",
        "[one.delete() for one in (pod, other)]",
        "child = pod.pods()[0]\nchild.delete()",
        "first, *rest = sorted(pod.pods())\nrest[0].delete()",
        "client = Client(pod)\nclient.run('rm', '/tmp/ready')",
        "client = lab.client(pod)\nclient.run('rm', '/tmp/ready')",
        "def end(one):\n    one.delete()\nend(pod)",
        "def end(*, one):\n    one.delete()\nend(one=pod)",
        "def end(number, *all):\n    all[0].delete()\nend(1, pod)",
        "def end():\n    pod.delete()\nend()",
        "end = lambda one: one.delete()\nend(pod)",
        "def same(one):\n    return one\nsame(pod).delete()",
        "line = ['rm', '/tmp/ready']\npod.exec(*line)",
        "its_id = pod.container().id\nnode = lab.node('a')\nnode.run('crictl', 'stop', its_id)",
        "with lab.exclusive('it'):\n    pod.delete()",
    ],
)
def test_changes(change: str):
    assert seen(change)[-1]


@pytest.mark.parametrize(
    "reading",
    [
        "pod.wait(until=running())",
        "other.delete()",
        'pod.exec("cat", "/tmp/runs")',
        'pod.exec("bash", "-c", "cat /tmp/runs 2> /dev/null")',
        "name = pod.name\nname.delete()",
        "def end(one):\n    one.delete()",
        "pod = lab.apply('new.yaml')\npod.delete()",
        "story = pod.wait(until=gone())\nstory.stop()",
    ],
)
def test_only_reads(reading: str):
    assert not any(seen(reading))


def test_a_function_that_calls_itself_ends():
    assert seen("def end(one):\n    one.delete()\n    end(one)", "end(pod)") == [False, True]


def test_reading_is_a_use():
    parsed = ast.parse(f"{SETUP}\nprint(pod.name)\nx = 1").body
    found = effects.of(parsed)
    assert [len(found[statement].used) for statement in parsed] == [0, 1, 0]
