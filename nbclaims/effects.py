"""Find which statements of a lab change which objects: `pod.delete()`, `restart(pod)`.

The statements are interpreted in order, with the origins of objects in place of the objects. An
origin is the call that created an object; what is taken out of a collection, or wrapped by a
client, has the origins of the whole. Loops and branches are taken once, functions where they are
called. What can't be told is taken to be an effect, or the same object.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class Origin:
    """The call that created an object, or several."""

    call: ast.Call
    file: str = ""
    """Its first argument, if it can be told: a file of the lab."""
    statement: ast.stmt | None = None
    """Where it was run: a function may make the call for several statements."""

    @property
    def stem(self) -> str:
        """The file's name without its ending; by convention the object's name."""
        return self.file.rpartition(".")[0]


Origins = frozenset[Origin]
NONE: Origins = frozenset()

# What follows is specific to the library that the labs use.

CHANGES = frozenset({"patch", "delete", "evict", "scale", "rollout", "restart", "stop", "close"})
"""Methods that change their object."""

COMMANDS = frozenset({"exec", "run"})
"""Methods that run a command: they change their object, and those that their arguments name, if
the command matches `COMMAND_CHANGES`."""

COMMAND_CHANGES = re.compile(
    r"\b(touch|rm|mv|cp|ln|mkdir|chmod|tee|kill|pkill|killall)\b"
    r"|\bcrictl\b.* (stopp?|rmp?)\b|\bip\b.* (add|del|replace|flush)\b|\biptables -"
    r"|/dev/(udp|tcp)/"
    r"|(?<![0-9&])>+\s*(?!/dev/null)[/$\w\"']"
)

PARTS = frozenset({"pods", "first_pod", "values", "items", "endpoints", "pod", "copy"})
"""Methods and attributes that give parts of their object, or the object itself."""

WRAPPERS = frozenset({"client"})
"""Methods that give an object which acts through their arguments."""

CONTAINER_CHANGES = frozenset(
    {"append", "extend", "insert", "update", "setdefault", "add", "remove", "pop", "clear"}
)
"""Methods of Python's containers that change them."""

# From here on it is Python.

COLLECTIONS = frozenset(
    {"dict", "enumerate", "filter", "frozenset", "iter", "list", "map", "max", "min"}
    | {"next", "reversed", "set", "sorted", "tuple", "zip"}
)
"""Functions that give (parts of) their arguments."""


HOLDING = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)


@dataclass
class Effects:
    """What one statement does to objects."""

    used: set[Origin] = field(default_factory=set)
    """Objects that it reads, or reads from."""
    changed: set[Origin] = field(default_factory=set)
    keys: dict[str, set[str] | None] = field(default_factory=dict)
    """Names of which it reads only the items with these keys; None for all of the value."""
    only_holds: bool = False
    """It only gives another name to what it uses, or puts it into a collection."""
    items: dict[str, Effects] = field(default_factory=dict)
    """What each item of the dict needs that the statement makes, by its key."""

    def add(self, other: Effects) -> None:
        """Take over what another part of the statement does."""
        self.used |= other.used
        self.changed |= other.changed
        for name, keys in other.keys.items():
            mine = self.keys.get(name, set())
            self.keys[name] = None if keys is None or mine is None else mine | keys


@dataclass
class _Element:
    """An element of a collection whose elements are known one by one."""

    objects: Origins
    sources: Origins
    text: str | None = None
    """Its value, if it is a text."""
    key: str | None = None
    """Its key, if the collection is a dict."""


def of(statements: Sequence[ast.stmt]) -> dict[ast.stmt, Effects]:
    """Return what each statement of a lab uses and changes."""
    interpreter = _Interpreter(_constants(statements))
    return {statement: interpreter.top_level(statement) for statement in statements}


def _constants(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """Return the text constants of everything that is assigned to a name, by the name."""
    texts: dict[str, str] = {}
    for statement in statements:
        for name, text in _assigned(statement):
            texts[name] = f"{texts.get(name, '')} {text}"
    return texts


@cache
def _assigned(statement: ast.stmt) -> list[tuple[str, str]]:
    return [
        (target.id, text)
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and (text := _text(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


@cache
def _only_holds(node: ast.AST) -> bool:
    return all(isinstance(one, HOLDING) for one in ast.walk(node))


@cache
def _names_in(node: ast.AST) -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@cache
def _text(node: ast.AST) -> str:
    """Return the text constants in a piece of code."""
    constants = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return " ".join(value for value in constants if isinstance(value, str))


class _Interpreter:
    def __init__(self, constants: dict[str, str]) -> None:
        self._constants = constants
        self._names: dict[str, Origins] = {}
        """The objects that a name stands for."""
        self._sources: dict[str, Origins] = {}
        """The objects from which the value of a name was read."""
        self._elements: dict[str, list[_Element]] = {}
        """The elements of a name's collection, if they are known one by one."""
        self._texts: dict[str, str] = {}
        """Names that stand for a text, in a comprehension."""
        self._functions: dict[str, ast.FunctionDef | ast.Lambda] = {}
        self._running: list[ast.AST] = []
        self._statement: ast.stmt | None = None
        self._effects = Effects()

    def top_level(self, statement: ast.stmt) -> Effects:
        self._effects = Effects()
        self._statement = statement
        self._run(statement)
        found = self._effects
        if isinstance(statement, ast.Assign):
            found.only_holds = _only_holds(statement.value)
        return found

    # Statements

    def _run(self, node: ast.AST) -> Origins:
        """Interpret a statement; the objects that it returns, if it is a `return`."""
        match node:
            case ast.FunctionDef(name=name):
                self._functions[name] = node
                return NONE
            case ast.Return(value=value):
                return self._value(value) if value else NONE
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Lambda):
                    self._functions |= {t.id: value for t in targets if isinstance(t, ast.Name)}
                self._bind_all(targets, value)
                return NONE
            case ast.AnnAssign(target=target, value=value) if value:
                self._bind_all([target], value)
                return NONE
            case ast.AugAssign(target=target, value=value):
                objects, sources = self._value(value), self._read_by(value)
                self._bind(target, objects, sources, add=True)
                return NONE
            case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
                if not orelse and (elements := self._iterated(iterable)) is not None:
                    return self._loop(node, target, elements, body)
                self._bind(target, self._value(iterable), self._read_by(iterable))
                return self._run_all([*body, *orelse])
            case ast.With(items=items, body=body):
                for item in items:
                    objects, sources = (
                        self._value(item.context_expr),
                        self._read_by(item.context_expr),
                    )
                    if item.optional_vars:
                        self._bind(item.optional_vars, objects, sources)
                return self._run_all(body)
            case ast.Expr(value=ast.Constant()):
                return NONE
            case ast.expr():
                self._value(node)
                return NONE
            case _:
                return self._run_all(ast.iter_child_nodes(node))

    def _loop(
        self, node: ast.For, target: ast.expr, elements: list[_Element], body: list[ast.stmt]
    ) -> Origins:
        """Interpret a loop over known elements; the effects of each round are items."""
        whole, found, rounds = self._effects, NONE, {}
        for number, element in enumerate(elements):
            self._effects = rounds[str(number)] = Effects()
            self._bind_element(target, element)
            found |= self._run_all(body)
        self._effects = whole
        for one in rounds.values():
            whole.add(one)
        if node is self._statement:
            whole.items = rounds
        return found

    def _run_all(self, nodes: Iterable[ast.AST]) -> Origins:
        # A list: every one of them is run.
        return NONE.union(*[self._run(node) for node in nodes])

    def _bind_all(self, targets: Iterable[ast.AST], value: ast.expr) -> None:
        for target in targets:
            match target, value:
                case (
                    ast.Tuple(elts=names) | ast.List(elts=names),
                    ast.Tuple(elts=values) | ast.List(elts=values),
                ) if len(names) == len(values):
                    results = [(self._value(one), self._read_by(one)) for one in values]
                    for name, (objects, sources) in zip(names, results, strict=True):
                        self._bind(name, objects, sources)
                case (ast.Tuple(elts=names), _) if (
                    made := self._made_elements(value)
                ) is not None and len(made) == len(names):
                    for name, element in zip(names, made, strict=True):
                        self._bind(name, element.objects, element.sources)
                case _:
                    elements = self._made_elements(value)
                    self._bind(target, self._value(value), self._read_by(value))
                    if isinstance(target, ast.Name) and elements is not None:
                        self._elements[target.id] = elements

    def _made_elements(self, value: ast.expr) -> list[_Element] | None:
        """Return the elements of a collection that an expression makes, if each is known."""
        match value:
            case ast.Tuple(elts=values) | ast.List(elts=values) if not any(
                isinstance(one, ast.Starred) for one in values
            ):
                return [self._element(one) for one in values]
            case ast.Dict(keys=keys, values=values) if keys and all(map(_is_text, keys)):
                texts = [key.value for key in keys if isinstance(key, ast.Constant)]
                return self._displayed([str(text) for text in texts], values)
            case ast.Name(id=name):
                return self._elements.get(name)
            case ast.DictComp(generators=[generator], key=key, value=inner):
                return self._unrolled(generator, inner, key)
            case (
                ast.ListComp(generators=[generator], elt=inner)
                | ast.GeneratorExp(generators=[generator], elt=inner)
            ):
                return self._unrolled(generator, inner, None)
        return None

    def _displayed(self, keys: list[str], values: list[ast.expr]) -> list[_Element]:
        whole, made, items = self._effects, [], {}
        for key, value in zip(keys, values, strict=True):
            self._effects = items[key] = Effects()
            made.append(self._element(value, key))
        self._effects = whole
        whole.items = items
        return made

    def _element(self, node: ast.expr, key: str | None = None) -> _Element:
        return _Element(self._value(node), self._read_by(node), self._text_of(node), key)

    def _unrolled(
        self, generator: ast.comprehension, value: ast.expr, key: ast.expr | None
    ) -> list[_Element] | None:
        """Return the elements of a comprehension over a collection with known elements.

        The effects of each one are kept under its key.
        """
        elements = self._iterated(generator.iter)
        if elements is None or generator.ifs:
            return None
        state = dict(self._names), dict(self._sources), dict(self._texts), self._effects
        made, items = [], {}
        for element in elements:
            self._effects = Effects()
            self._bind_element(generator.target, element)
            its_key = self._text_of(key) if key else None
            found = self._element(value, its_key)
            made.append(found)
            if its_key is not None:
                items[its_key] = self._effects
        self._names, self._sources, self._texts, self._effects = state
        if key and len(items) == len(elements):
            self._effects.items = items
        return made if not key or len(items) == len(elements) else None

    def _iterated(self, node: ast.expr) -> list[_Element] | None:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="items" | "values")):
                return self._elements.get(name)
        used = set(self._effects.used)
        found = self._made_elements(node)
        if found is not None:
            # What an element is used for counts, not that the collection has it.
            self._effects.used = used
        return found

    def _bind_element(self, target: ast.expr, element: _Element) -> None:
        match target:
            case ast.Name(id=name):
                self._bind(target, element.objects, element.sources)
                if element.text is not None:
                    self._texts[name] = element.text
            case ast.Tuple(elts=[ast.Name(id=key), ast.Name() as value]):
                self._bind(value, element.objects, element.sources)
                self._bind(ast.Name(key), NONE, NONE)
                if element.key is not None:
                    self._texts[key] = element.key
            case _:
                self._bind(target, element.objects, element.sources)

    def _text_of(self, node: ast.expr | None) -> str | None:
        """Return the text that an expression stands for, if it can be told."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self._texts.get(name)
            case ast.Attribute(value=ast.Name(id=name), attr="name"):
                origins = self._names.get(name, NONE)
                return next(iter(origins)).stem or None if len(origins) == 1 else None
            case ast.JoinedStr(values=parts):
                texts = [self._text_of(part) for part in parts]
                return None if None in texts else "".join(map(str, texts))
            case ast.FormattedValue(value=inner):
                return self._text_of(inner)
        return None

    def _bind(self, target: ast.AST, objects: Origins, sources: Origins, add: bool = False) -> None:
        match target:
            case ast.Name(id=name):
                if add:
                    objects |= self._names.get(name, NONE)
                    sources |= self._sources.get(name, NONE)
                self._names[name], self._sources[name] = objects, sources
                self._elements.pop(name, None)
                self._texts.pop(name, None)
            case ast.Starred(value=inner):
                self._bind(inner, objects, sources, add)
            case ast.Tuple(elts=inner) | ast.List(elts=inner):
                for one in inner:
                    self._bind(one, objects, sources, add)
            case ast.Subscript(value=inner) | ast.Attribute(value=inner):
                self._bind(inner, objects, sources, add=True)

    # Expressions

    def _value(self, node: ast.expr) -> Origins:
        """Interpret an expression; the objects that its value is, or is made of."""
        match node:
            case ast.Name(id=name):
                found = self._names.get(name, NONE)
                self._effects.used |= found
                self._effects.keys[name] = None
                return found
            case (
                ast.Subscript(value=ast.Name(id=name), slice=index)
                | ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[index, *_]
                )
            ) if item := self._item(name, self._text_of(index)):
                self._effects.used |= item.objects
                keys = self._effects.keys.setdefault(name, set())
                if keys is not None and item.key is not None:
                    keys.add(item.key)
                return item.objects
            case ast.Attribute(value=inner, attr=name):
                found = self._value(inner)
                return found if name in PARTS else NONE
            case ast.Subscript(value=inner, slice=index):
                self._value(index)
                return self._value(inner)
            case ast.Starred(value=inner):
                return self._value(inner)
            case ast.NamedExpr(target=target, value=inner):
                found = self._value(inner)
                self._bind(target, found, self._read_by(inner))
                return found
            case ast.Tuple() | ast.List() | ast.Set() | ast.BoolOp() | ast.BinOp() | ast.IfExp():
                return self._values(node)
            case ast.Dict(values=values):
                return self._union(values)
            case ast.ListComp(elt=value) | ast.SetComp(elt=value) | ast.GeneratorExp(elt=value):
                return self._comprehension(node.generators, value)
            case ast.DictComp(generators=generators, value=value):
                return self._comprehension(generators, value)
            case ast.Lambda(body=body):
                return self._value(body)
            case ast.Call():
                return self._call(node)
            case _:
                self._values(node)
                return NONE

    def _item(self, name: str, key: str | None) -> _Element | None:
        elements = self._elements.get(name, ()) if key is not None else ()
        return next((element for element in elements if element.key == key), None)

    def _values(self, node: ast.AST) -> Origins:
        return self._union(n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr))

    def _union(self, nodes: Iterable[ast.expr]) -> Origins:
        return NONE.union(*[self._value(node) for node in nodes])

    def _comprehension(self, generators: Iterable[ast.comprehension], value: ast.expr) -> Origins:
        names, sources = dict(self._names), dict(self._sources)
        generators = list(generators)
        if len(generators) == 1 and not generators[0].ifs:
            elements = self._iterated(generators[0].iter)
            if elements is not None:
                return self._each(generators[0].target, elements, value)
        for generator in generators:
            self._bind(generator.target, self._value(generator.iter), self._read_by(generator.iter))
            self._union(generator.ifs)
        found = self._value(value)
        self._names, self._sources = names, sources
        return found

    def _each(self, target: ast.expr, elements: list[_Element], value: ast.expr) -> Origins:
        names, sources, texts = dict(self._names), dict(self._sources), dict(self._texts)
        found = NONE
        for element in elements:
            self._effects.used |= element.objects
            self._bind_element(target, element)
            found |= self._value(value)
        self._names, self._sources, self._texts = names, sources, texts
        return found

    def _call(self, call: ast.Call) -> Origins:
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        given = self._union(arguments)
        match call.func:
            case ast.Name(id=name) if function := self._functions.get(name):
                return self._call_function(function, call)
            case ast.Name(id=name):
                # A class wraps what it is given; a collection holds it.
                return given if name in COLLECTIONS or name[:1].isupper() else NONE
            case ast.Attribute(value=receiver, attr=method):
                objects = self._value(receiver)
                if method in CHANGES:
                    self._effects.changed |= objects
                elif method in COMMANDS and COMMAND_CHANGES.search(self._command(arguments)):
                    self._effects.changed |= objects | self._named_by(receiver)
                    self._effects.changed |= NONE.union(*map(self._read_by, arguments))
                elif method in CONTAINER_CHANGES:
                    self._bind(receiver, given, NONE, add=True)
                    return objects
                if method in PARTS:
                    return objects
                if method in WRAPPERS and given:
                    return given
                file = self._text_of(call.args[0]) if call.args else None
                return frozenset({Origin(call, file or "", self._statement)})
            case other:
                self._value(other)
                return given

    def _call_function(self, function: ast.FunctionDef | ast.Lambda, call: ast.Call) -> Origins:
        if function in self._running:
            return NONE
        names, sources = dict(self._names), dict(self._sources)
        parameters = [*function.args.posonlyargs, *function.args.args]
        for number, argument in enumerate(call.args):
            objects, read = self._value(argument), self._read_by(argument)
            # Arguments of `*arguments` may be any of the parameters.
            into = parameters[number:] if isinstance(argument, ast.Starred) else ()
            rest = [function.args.vararg] if function.args.vararg else []
            for parameter in into or parameters[number : number + 1] or rest:
                if parameter:
                    self._bind(ast.Name(parameter.arg), objects, read)
        for keyword in call.keywords:
            name = keyword.arg or (function.args.kwarg.arg if function.args.kwarg else "")
            self._bind(ast.Name(name), self._value(keyword.value), self._read_by(keyword.value))
        self._running.append(function)
        body = function.body
        found = self._run_all(body) if isinstance(body, list) else self._value(body)
        self._running.pop()
        self._names, self._sources = names, sources
        return found

    # What a command line, or a node, was read from

    def _command(self, arguments: Iterable[ast.expr]) -> str:
        names = (n.id for a in arguments for n in ast.walk(a) if isinstance(n, ast.Name))
        return " ".join([*map(_text, arguments), *(self._constants.get(n, "") for n in names)])

    def _named_by(self, receiver: ast.expr) -> Origins:
        """Return the objects in the arguments of `lab.node(pod.node)`, but not the lab."""
        match receiver:
            case ast.Call(args=arguments):
                return NONE.union(*map(self._read_by, arguments))
        return NONE

    def _read_by(self, node: ast.expr) -> Origins:
        found = [
            self._names.get(name, NONE) | self._sources.get(name, NONE) for name in _names_in(node)
        ]
        return NONE.union(*found)
