"""The sentences of refusals as the source has them, read with `ast`: every UserError, and what its pieces may be.

A template is a tuple of texts and of expressions, the slots. Where a name comes from is followed through assignments, parameters
and the functions of the package, as far as texts are written there.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from string import Formatter

from sim.wording.refusals import Entry, catalogue

SIM = Path(__file__).parent.parent / "sim"
DEEPEST = 8  # steps from a sentence back to where its parts were written
MOST_WAYS = 24
SLOT = "\0"

Piece = str | ast.expr
Template = tuple[Piece, ...]


@dataclass(frozen=True, eq=False)
class Scope:
    """A function (or module), and where its names come from."""

    node: ast.AST
    above: Scope | None
    home: str  # the module, "sim.scenario.checks"
    values: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    each: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))  # names of loops: what is looped over
    parameters: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "")


class Reader(ast.NodeVisitor):
    """All functions, calls and raises of the package."""

    def __init__(self) -> None:
        self.functions: dict[str, list[Scope]] = defaultdict(list)
        self.imported: dict[tuple[str, str], str] = {}  # (module, name there) -> module it comes from, or the module that it is
        self.constants: dict[str, list[tuple[ast.expr, Scope]]] = defaultdict(list)
        self.calls: dict[str, list[tuple[ast.Call, Scope]]] = defaultdict(list)
        self.raised: list[tuple[ast.Call, Scope]] = []
        self.scope: Scope | None = None
        for path in sorted(SIM.rglob("*.py")):
            module = ".".join(("sim", *path.relative_to(SIM).with_suffix("").parts)).removesuffix(".__init__")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            self.scope = Scope(node=tree, above=None, home=module)
            self.generic_visit(tree)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        above = self.scope
        self.scope = Scope(node=node, above=above, home=above.home)  # its names are not those of the methods
        self.generic_visit(node)
        self.scope = above

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        above = self.scope
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        outer = above.above if isinstance(above.node, ast.ClassDef) else above
        self.scope = Scope(node=node, above=outer, home=above.home, parameters=tuple(names))
        self.functions[node.name].append(self.scope)
        self.generic_visit(node)
        self.scope = above

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.scope.values[target.id].append(value)
            if self.scope.above is None:
                self.constants[target.id].append((value, self.scope))
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
            self._assigned(target, value.body)
            self._assigned(target, value.orelse)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, other in zip(target.elts, value.elts, strict=True):
                self._assigned(one, other)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.imported[self.scope.home, alias.asname or alias.name] = node.module or ""

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assigned(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assigned(node.target, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._assigned(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._assigned(node.target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        rows = node.iter
        if isinstance(rows, ast.Name) and rows.id in self.scope.values:
            rows = self.scope.values[rows.id][0]
        if isinstance(rows, ast.Name) and rows.id in self.constants:
            rows = self.constants[rows.id][-1][0]
        if isinstance(rows, ast.Tuple | ast.List):
            for row in rows.elts:
                self._assigned(node.target, row)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.calls[called(node)].append((node, self.scope))
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call):
            self.raised.append((node.exc, self.scope))
        self.generic_visit(node)


    def meant(self, call: ast.Call, scope: Scope) -> list[Scope]:
        """The functions that a call may mean: of the same module, or of the one that the name was imported from."""
        name, home = called(call), scope.home
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and (home, call.func.value.id) in self.imported:
            home = f"{self.imported[home, call.func.value.id]}.{call.func.value.id}"
        elif isinstance(call.func, ast.Name):
            home = self.imported.get((home, name), home)
        elif ast.unparse(call.func.value) not in ("self", "cls"):
            return found if len(found := self.functions.get(name, [])) == 1 else []  # of an object, if there is only one of that name
        return [found for found in self.functions.get(name, ()) if found.home == home]


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


SAME = {"strip", "rstrip", "lower"}  # of a sentence, a sentence


class Sentences:
    """From an expression to the templates that it may become."""

    def __init__(self, read: Reader) -> None:
        self.read = read
        self._found: dict[tuple[int, int], list[tuple[Template, Scope]]] = {}

    def of(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[tuple[Template, Scope]]:
        """Ways to say it; [] where nothing of it is written in the source."""
        key = (id(node), id(scope))
        if key not in self._found:
            self._found[key] = []  # a name made of itself
            self._found[key] = self._of(node, scope, depth)
        return self._found[key]

    def _of(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[tuple[Template, Scope]]:
        if depth > DEEPEST:
            return []
        if isinstance(node, ast.Constant):
            return [((node.value,), scope)] if isinstance(node.value, str) else []
        if isinstance(node, ast.JoinedStr):
            return [(tuple(part.value if isinstance(part, ast.Constant) else part for part in node.values), scope)]
        if isinstance(node, ast.FormattedValue):
            return self.of(node.value, scope, depth + 1)
        if isinstance(node, ast.IfExp):
            return self.of(node.body, scope, depth + 1) + self.of(node.orelse, scope, depth + 1)
        if isinstance(node, ast.BoolOp):
            return [found for value in node.values for found in self.of(value, scope, depth + 1)]
        if isinstance(node, ast.NamedExpr):
            return self.of(node.value, scope, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = (self.of(side, scope, depth + 1) or [((side,), scope)] for side in (node.left, node.right))
            if any(isinstance(part, str) for way in (*left, *right) for part in way[0]):
                return [(one[0] + other[0], scope) for one, other in list(product(left, right))[:MOST_WAYS]]
            return []
        if isinstance(node, ast.Name):
            return self._named(node.id, scope, depth)
        if isinstance(node, ast.Subscript):
            return self._entries(node.value, scope, depth)
        if isinstance(node, ast.Call):
            return self._called(node, scope, depth)
        return []

    def _named(self, name: str, scope: Scope, depth: int) -> list[tuple[Template, Scope]]:
        place: Scope | None = scope
        while place is not None:
            if name in place.values:
                return [found for value in place.values[name] for found in self.of(value, place, depth + 1)]
            if name in place.parameters:
                return self._handed(name, place, depth)
            place = place.above
        whose = self.read.imported.get((scope.home, name), scope.home)
        known = [(value, home) for value, home in self.read.constants.get(name, ()) if home.home == whose]
        return [found for value, home in known for found in self.of(value, home, depth + 1)]

    def _handed(self, name: str, scope: Scope, depth: int) -> list[tuple[Template, Scope]]:
        """A parameter: what the callers hand over."""
        if scope.name in ("__init__", "fault", "of", "told", "say"):
            return []
        place = scope.parameters.index(name)
        found = []
        for call, home in self.read.calls.get(scope.name, ()):
            if scope not in self.read.meant(call, home):
                continue
            shift = 1 if scope.parameters[:1] in (("self",), ("cls",)) else 0
            given = [word.value for word in call.keywords if word.arg == name] or call.args[place - shift : place - shift + 1]
            found += [way for value in given if home is not scope for way in self.of(value, home, depth + 1)]
        return found

    def _entries(self, node: ast.expr, scope: Scope, depth: int) -> list[tuple[Template, Scope]]:
        if isinstance(node, ast.Name):
            for value, home in self.read.constants.get(node.id, ()):
                if isinstance(value, ast.Dict):
                    return [found for item in value.values for found in self.of(item, home, depth + 1)]
        if isinstance(node, ast.Dict):
            return [found for item in node.values for found in self.of(item, scope, depth + 1)]
        return []

    def _called(self, node: ast.Call, scope: Scope, depth: int) -> list[tuple[Template, Scope]]:
        name = called(node)
        if name in SAME and isinstance(node.func, ast.Attribute):
            return self.of(node.func.value, scope, depth + 1)
        if name == "_sentence":  # puts a full stop behind it
            return self.of(node.args[0], scope, depth + 1)
        if name == "replace" and all(isinstance(word, ast.Constant) for word in node.args):
            before, after = (word.value for word in node.args)
            found = self.of(node.func.value, scope, depth + 1)
            return [(tuple(p.replace(before, after) if isinstance(p, str) else p for p in way), home) for way, home in found]
        if name == "get" and isinstance(node.func, ast.Attribute):
            return self._entries(node.func.value, scope, depth) + [f for a in node.args[1:] for f in self.of(a, scope, depth + 1)]
        found = []
        for home in self.read.meant(node, scope):
            for inner in ast.walk(home.node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    found += self.of(inner.value, home, depth + 1)
        return found


# What is refused


@cache
def sentences() -> Sentences:
    return Sentences(Reader())


def sinks() -> Iterator[tuple[ast.expr, Scope]]:
    """Where a sentence of a refusal is written: UserError(...), a local function that makes one, a click type's fail, the door."""
    read = sentences().read
    yield from ((call.args[0], scope) for call, scope in read.calls["UserError"] if call.args)
    yield from ((call.args[1], scope) for call, scope in read.calls["FolderFault"])
    yield from ((call.args[-1], scope) for call, scope in read.raised if not called(call)[:1].isupper() and call.args)
    yield from ((call.args[0], scope) for name in ("fail", "_told") for call, scope in read.calls[name] if call.args)
    for scope in (*read.functions["explained"], *read.functions["_usage"]):
        for node in ast.walk(scope.node):
            if isinstance(node, ast.Return) and node.value is not None:
                yield (node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value), scope


def key_of(template: Template) -> str:
    return "".join(part if isinstance(part, str) else SLOT for part in template)


def english_key(entry: Entry) -> str:
    return "".join(text + (SLOT if name is not None else "") for text, name, *_ in Formatter().parse(entry.english))


def kinds_of(entry: Entry) -> list[str]:
    return [kind or "" for _, name, kind, _ in Formatter().parse(entry.english) if name is not None]


@cache
def known() -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in catalogue():
        found[english_key(entry)].append(entry)
    return found


class Audit:
    """Goes from every sentence to its pieces."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.missing: list[str] = []
        self.done: set[tuple[str, int]] = set()
        for node, scope in sinks():
            for template, home in sentences().of(node, scope):
                self.sentence(template, home)
                if home.home in ("sim.scenario.text", "sim.scenario.parsing"):  # sweeps say it of theirs
                    self.sentence(tuple(p.replace("scenario file", "sweep file") if isinstance(p, str) else p for p in template), home)

    def sentence(self, template: Template, scope: Scope) -> None:
        key = key_of(template)
        slots = [part for part in template if not isinstance(part, str)]
        if key in self.seen and not slots:
            return
        self.seen.add(key)
        if not re.search("[A-Za-z]{2}", key):  # pieces alone
            for part in slots:
                for piece, home in sentences().of(getattr(part, "value", part) if isinstance(part, ast.FormattedValue) else part, scope):
                    if re.search("[a-z]{2,} [a-z]{2,}", key_of(piece)) and (key, id(piece)) not in self.done:
                        self.done.add((key, id(piece)))
                        self.sentence(piece, home)
            return
        if key not in known():
            self.missing.append(f"{scope.home}: {shown(template)}")
            return
        for place, part in enumerate(slots):
            kinds = {kinds_of(entry)[place] for entry in known()[key]}
            value = part.value if isinstance(part, ast.FormattedValue) else part
            for piece, home in sentences().of(value, scope):
                words = key_of(piece)
                if "words" in kinds:
                    if (key, hash(words)) not in self.done:
                        self.done.add((key, hash(words)))
                        self.sentence(piece, home)
                elif kinds != {"word"} and re.search("[a-z]{2,} [a-z]{2,}", words) and not words.startswith(" --"):
                    self.missing.append(f"{scope.home}: {shown(template)}: slot {place + 1} may be {shown(piece)!r}, so it takes :words")


def shown(template: Template) -> str:
    return "".join(part if isinstance(part, str) else f"{{{ast.unparse(getattr(part, 'value', part))}}}" for part in template)


@cache
def audit() -> Audit:
    return Audit()
