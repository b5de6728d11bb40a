"""The parts of a module's text that tell which other modules it reaches."""

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

# A module, and a name in it; None where the module is imported as a whole.
Target = tuple[str, str | None]

# Dynamic imports: a module that has one may reach any other.
COMPUTED: frozenset[Target] = frozenset({("importlib", None), ("importlib", "import_module")})


@dataclass(frozen=True)
class Code:
    """A parsed text.

    Attributes:
        imports: what each imported name stands for; a name may be imported in several places.
        attributes: for each name of which only attributes are used, those attributes.
        strings: all string constants.
        entries: imported names that are only used as items of a collection which the module
            defines, such as a table of tests; each with the strings that it may be looked up by:
            itself and its keys.
        is_facade: whether there is nothing but imports, `__all__` and a docstring.
    """

    imports: Mapping[str, tuple[Target, ...]]
    attributes: Mapping[str, frozenset[str]]
    strings: frozenset[str]
    entries: Mapping[str, frozenset[str]]
    is_facade: bool


# Text that Python cannot parse may become anything once it is corrected.
_UNREADABLE = Code({"": tuple(COMPUTED)}, {}, frozenset(), {}, False)


@cache
def parse(text: bytes, module: str = "", is_package: bool = False) -> Code:
    """Parse a text.

    Args:
        text: Python source.
        module: its dotted name, which relative imports start from.
        is_package: whether it is the `__init__` of a package.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return _UNREADABLE
    imports: dict[str, tuple[Target, ...]] = {}
    package = module if is_package else module.rpartition(".")[0]
    for name, target in _imports(tree, package):
        imports[name] = (*imports.get(name, ()), target)
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return Code(
        imports=imports,
        attributes=_attributes(tree),
        strings=frozenset(value for value in constants if isinstance(value, str)),
        entries=_entries(tree, imports.keys()),
        is_facade=all(_belongs_to_facade(statement) for statement in tree.body),
    )


def without(text: bytes, names: Collection[str]) -> bytes:
    """The text of a table without some of its entries and their imports, and without `__all__`."""
    return ast.unparse(_Without(names).visit(ast.parse(text))).encode()


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[str, Target]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield item.asname or item.name, (item.name, None)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for item in node.names:
                name = None if item.name == "*" else item.name
                yield item.asname or item.name, (source, name)


def _attributes(tree: ast.Module) -> dict[str, frozenset[str]]:
    uses, found = _uses(tree), Counter[str]()
    asked: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found[node.value.id] += 1
            asked.setdefault(node.value.id, set()).add(node.attr)
    return {name: frozenset(asked[name]) for name in asked if found[name] == uses[name]}


def _entries(tree: ast.Module, imported: Collection[str]) -> dict[str, frozenset[str]]:
    uses, found = _uses(tree), Counter[str]()
    names: dict[str, set[str]] = {}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        for key, item in _items(statement.value):
            name = _root(item)
            if name in imported:
                found[name] += 1
                names.setdefault(name, {name}).update(key)
    return {name: frozenset(names[name]) for name in names if found[name] == uses[name]}


def _uses(tree: ast.Module) -> Counter[str]:
    return Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _items(value: ast.expr) -> Iterator[tuple[list[str], ast.expr]]:
    """The items of the collections in an expression, each with its key, if it is a string."""
    for node in ast.walk(value):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield from (([], item) for item in node.elts)
        elif isinstance(node, ast.Dict):
            for key, item in zip(node.keys, node.values, strict=True):
                yield [str(key.value)] if isinstance(key, ast.Constant) else [], item


def _root(item: ast.expr) -> str:
    """The imported name in `name` and in `name.attribute`."""
    inner = item.value if isinstance(item, ast.Attribute) else item
    return inner.id if isinstance(inner, ast.Name) else ""


def _belongs_to_facade(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Import | ast.ImportFrom) or _is_all(statement)


def _is_all(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and [
        target.id for target in statement.targets if isinstance(target, ast.Name)
    ] == ["__all__"]


class _Without(ast.NodeTransformer):
    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def _kept(self, item: ast.expr) -> bool:
        return _root(item) not in self._names

    def _visit_import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt | None:
        node.names = [item for item in node.names if (item.asname or item.name) not in self._names]
        return node if node.names else None

    visit_Import = visit_ImportFrom = _visit_import

    def _visit_items(self, node: ast.Tuple | ast.List | ast.Set) -> ast.expr:
        node.elts = [item for item in node.elts if self._kept(item)]
        self.generic_visit(node)
        return node

    visit_Tuple = visit_List = visit_Set = _visit_items

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        pairs = zip(node.keys, node.values, strict=True)
        kept = [(key, value) for key, value in pairs if self._kept(value)]
        node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        if _is_all(node):
            return None
        self.generic_visit(node)
        return node
