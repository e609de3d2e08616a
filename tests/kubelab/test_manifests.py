"""Manifests are checked before they are sent; the message names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubelab.manifests import Document, ManifestError, read

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdef", "bcdefg", strict=True)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


def load(path: Path, content: str | bytes) -> list[Document]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    documents = read(path, "lab/a.yaml")
    for document in documents:
        document.check()
    return documents


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "",
            "lab/a.yaml: the file has no manifest: it is empty, or all of it is comments\n"
            "  Next: write a manifest into it and run the cell again",
        ),
        (
            "# kind: Pod\n---\n# nothing\n",
            "lab/a.yaml: the file has no manifest: it is empty, or all of it is comments\n"
            "  Next: write a manifest into it and run the cell again",
        ),
        (
            f"{HEAD}---\nkind: Pod\nmetadata: {{name: q}}\n",
            "lab/a.yaml, line 5: the document has no apiVersion\n"
            "  Next: add apiVersion and run the cell again",
        ),
        (
            "apiVersion: v1\nmetadata: {name: q}\n",
            "lab/a.yaml, line 1: the document has no kind\n  Next: add kind and run the cell again",
        ),
        (
            "apiVersion: 1\nkind: Pod\nmetadata: {name: q}\n",
            "lab/a.yaml, line 1: apiVersion is not a text\n"
            "  Next: correct apiVersion and run the cell again",
        ),
        (
            "apiVersion: v1\nkind: Pod\nspec: {}\n",
            "lab/a.yaml, line 1: the Pod has no metadata\n"
            "  Next: add metadata with a name and run the cell again",
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: p\n",
            "lab/a.yaml, line 3: metadata is not a mapping\n"
            "  Next: put the name below it, indented and run the cell again",
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {a: b}\n",
            "lab/a.yaml, line 3: the Pod has no name\n"
            "  Next: add metadata.name and run the cell again",
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 12\n",
            "lab/a.yaml, line 4: the name 12 is not a text\n"
            "  Next: put the name in quotes and run the cell again",
        ),
        (
            "apiVersion\n",
            "lab/a.yaml, line 1: the document is a single value, not a manifest\n"
            "  Next: begin it with apiVersion, kind and metadata and run the cell again",
        ),
        (
            f"{HEAD}---\n- kind: Pod\n",
            "lab/a.yaml, line 5: the document is a list, not a manifest\n"
            "  Next: begin it with apiVersion, kind and metadata and run the cell again",
        ),
        (
            f"{HEAD}spec:\n  restartPolicy: Never\n  containers: []\n  restartPolicy: Always\n",
            "lab/a.yaml, line 7: the key restartPolicy is there twice, the first time in line 5\n"
            "  Next: remove one of them and run the cell again",
        ),
        (
            f"{HEAD}spec:\n\trestartPolicy: Never\n",
            "lab/a.yaml, line 5: a tab; YAML takes only spaces for indentation\n"
            "  Next: replace it with spaces and run the cell again",
        ),
        (
            f"{HEAD}spec: [\n",
            "lab/a.yaml, line 5: no valid YAML: while parsing a flow node, did not find expected "
            "node content\n  Next: correct the indentation or the quotes there and run the cell "
            "again",
        ),
        (
            f"{HEAD}# Grün\n".encode("latin-1"),
            "lab/a.yaml, line 4: the file is not UTF-8\n"
            "  Next: save it as UTF-8 and run the cell again",
        ),
        (
            f"{HEAD}spec: \x07\n",
            "lab/a.yaml, line 4: the file has a character that YAML doesn't allow (control "
            "characters are not allowed)\n  Next: remove it and run the cell again",
        ),
        (
            BOMB,
            "lab/a.yaml, line 1: the document has more than 100000 values, its aliases written "
            "out\n  Next: remove aliases (*name) and run the cell again",
        ),
        (
            "a: &a [*a]\n",
            "lab/a.yaml, line 1: the document has more than 100000 values, its aliases written "
            "out\n  Next: remove aliases (*name) and run the cell again",
        ),
        (
            "# " + "x" * 1_500_000,
            "lab/a.yaml: the file has 1.5 MB, and the API server takes 1 MB\n"
            "  Next: make the manifest smaller and run the cell again",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n  - just a text\n",
            "lab/a.yaml, line 4: an item of the List is not a manifest\n"
            "  Next: correct items[0] and run the cell again",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n",
            "lab/a.yaml, line 4: the document has no apiVersion\n"
            "  Next: add apiVersion and run the cell again",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(file: Path, content: str | bytes, message: str):
    with pytest.raises(ManifestError) as failure:
        load(file, content)
    assert str(failure.value) == message
    assert failure.value._render_traceback_() == [f"ManifestError: {message}"]


def test_brackets_without_end_are_refused(file: Path):
    with pytest.raises(ManifestError) as failure:
        load(file, "[\n" * 100_000)
    assert str(failure.value) == (
        "lab/a.yaml, line 101: more than 100 levels of brackets or indentation\n"
        "  Next: correct the YAML and run the cell again"
    )


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(file: Path):
    [document] = load(file, b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert document.manifest["metadata"] == {"name": "p"}


def test_aliases_and_tabs_in_texts_are_accepted(file: Path):
    text = f"{HEAD}data: &d\n  a: |\n    x\ty\nmore: *d\n"
    assert load(file, text)[0].manifest["more"] == {"a": "x\ty\n"}


def test_the_items_of_a_list_are_documents(file: Path):
    item = "- apiVersion: v1\n  kind: Pod\n  metadata: {name: %s}\n"
    documents = load(file, "apiVersion: v1\nkind: List\nitems:\n" + item % "p" + item % "q")
    assert [document.subject for document in documents] == ["Pod p", "Pod q"]
    assert [document.where for document in documents] == [
        "lab/a.yaml, line 4",
        "lab/a.yaml, line 7",
    ]


def test_a_name_that_the_api_server_completes_is_accepted(file: Path):
    [document] = load(file, HEAD.replace("name: p", "generateName: p-"))
    assert document.reference == "pod/p-"


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("spec", 4),
        ("spec.restartPolicy", 5),
        (".spec.restartPolicy", 5),
        ("spec.containers[1].image", 10),
        ('spec.containers[name="b"].image', 10),
        ("spec.containers[1].command", 9),
        ("spec.nothing", 4),
        ("nothing", None),
        ("", None),
    ],
)
def test_the_line_of_a_field_or_of_what_is_there_of_it(file: Path, field: str, line: int | None):
    spec = "spec:\n  restartPolicy: Never\n  containers:\n    - name: a\n      image: i\n"
    [document] = load(file, f"{HEAD}{spec}    - name: b\n      image: j\n")
    assert document.line_of(field) == line
