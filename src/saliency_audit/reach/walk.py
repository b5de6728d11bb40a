"""From some modules, or a script, to all that they reach.

Every import counts, wherever in the code it stands and whether or not it would run. Two kinds of
module are not followed as a whole:

- A *facade*, an `__init__` with nothing but imports: importing a name from it reaches the module
  that defines the name.
- A *table* (`TABLES`), in which experiments or tests are looked up by name: an entry is reached if
  its name occurs as a string somewhere in what is reached.

This assumes that importing a module only defines names, and that functions which go through whole
tables are in `LISTING`. Tests check both.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from saliency_audit.reach.code import COMPUTED, Code, Target, parse, without
from saliency_audit.reach.sources import LOADED, Sources

EXPERIMENTS = "saliency_audit.study.registry"
TABLES = (
    EXPERIMENTS,
    "saliency_audit.ledger.external",
    "saliency_audit.ledger.internal",
    "saliency_audit.ledger.internal.*",
)
# A module that imports one of these reaches everything,
LISTING: frozenset[Target] = COMPUTED | {
    (EXPERIMENTS, "available"),
    ("saliency_audit.ledger.audit", "audit_all"),
}
# except for this one, which lists names so that ledger entries with other names can be refused.
VALIDATING = "saliency_audit.ledger.vocabulary"


@dataclass(frozen=True)
class Reached:
    """What was reached.

    Attributes:
        texts: modules by name; a table's text lacks the entries that were not reached.
        strings: all string constants of these modules.
    """

    texts: Mapping[str, bytes]
    strings: frozenset[str]

    def digest(self) -> str:
        """SHA-256 over names and texts."""
        digest = hashlib.sha256()
        for name in sorted(self.texts):
            digest.update(f"{name} {len(self.texts[name])} ".encode() + self.texts[name])
        return digest.hexdigest()


def reached(
    modules: Iterable[str] = (),
    *,
    script: str | None = None,
    names: Iterable[str] = (),
    meaning: Callable[[str], Iterable[str]] = lambda string: (),
    everything: bool = False,
    sources: Sources = LOADED,
) -> Reached:
    """What modules and a script reach together.

    Args:
        modules: dotted names to begin with; one that is not in the package reaches everything.
        script: code outside the package to begin with, such as a notebook's.
        names: names looked up in tables besides those that occur in the code.
        meaning: from a string to further names that are looked up: a claim's id leads to its
            experiment and its test.
        everything: whether all modules count.
        sources: the package.
    """
    walk = _Walk(sources, meaning, everything)
    walk.note(names)
    for module in modules:
        walk.reach_module(module)
    if script is not None:
        walk.follow(parse(script.encode()))
    return walk.finish()


def imported(script: str, *, sources: Sources = LOADED) -> frozenset[str]:
    """The modules that a script imports itself; of names in a facade, those that define them."""
    walk = _Walk(sources, lambda string: (), follows=False)
    walk.follow(parse(script.encode()))
    return frozenset(walk.modules | walk.tables)


@dataclass
class _Walk:
    sources: Sources
    meaning: Callable[[str], Iterable[str]]
    whole: bool = False
    follows: bool = True
    modules: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    seen: set[tuple[Target, bool]] = field(default_factory=set)

    def note(self, strings: Iterable[str]) -> None:
        for string in strings:
            if string not in self.strings:
                self.strings.add(string)
                self.note(self.meaning(string))

    def follow(self, code: Code) -> None:
        if not code.is_facade:
            self.note(code.strings)
        self._follow(code, code.imports)

    def reach_module(self, module: str) -> None:
        if module not in self.sources.texts:
            self.whole = True
        elif self._is_table(module):
            self.tables.add(module)
        elif module not in self.modules:
            self.modules.add(module)
            if not self.follows and not self._code(module).is_facade:
                return
            if module == VALIDATING:
                self._follow(self._code(module), self._code(module).imports, validating=True)
            else:
                self.follow(self._code(module))

    def finish(self) -> Reached:
        known = -1
        while known < (known := len(self.seen) + len(self.strings)):
            for table in sorted(self.tables):
                code = self._code(table)
                self._follow(code, code.imports.keys() - self._not_asked(code))
        if self.whole:
            for module in self.sources.texts:
                self.note(self._code(module).strings)
            return Reached(self.sources.texts, frozenset(self.strings))
        texts = {module: self.sources.texts[module] for module in self.modules}
        for table in self.tables:
            texts[table] = without(self.sources.texts[table], self._not_asked(self._code(table)))
        return Reached(texts, frozenset(self.strings))

    def _follow(self, code: Code, names: Iterable[str], *, validating: bool = False) -> None:
        for name in names:
            for module, part in code.imports[name]:
                inner = module if part is None else f"{module}.{part}"
                if inner in self.sources.packages and name in code.attributes:
                    for attribute in code.attributes[name]:
                        self._reach((inner, attribute), validating)
                else:
                    self._reach((module, part), validating)

    def _reach(self, target: Target, validating: bool) -> None:
        self.whole |= target in LISTING and not validating
        if (target, validating) in self.seen:
            return
        self.seen.add((target, validating))
        module, name = target
        if module not in self.sources.texts:
            return
        definitions = [] if name is None else list(self._definitions(module, name))
        for definition in definitions:
            self._reach(definition, validating)
        if not definitions:
            self.reach_module(module)

    def _definitions(self, module: str, name: str) -> Iterator[Target]:
        """Where a package's `__init__` imports a name from, if from anywhere."""
        if module in self.sources.packages:
            if f"{module}.{name}" in self.sources.texts:
                yield f"{module}.{name}", None
            if self._code(module).is_facade or self._is_table(module):
                yield from self._code(module).imports.get(name, ())

    def _code(self, module: str) -> Code:
        return parse(self.sources.texts[module], module, module in self.sources.packages)

    def _is_table(self, module: str) -> bool:
        if not any(fnmatchcase(module, table) for table in TABLES):
            return False
        return module in TABLES or module in self.sources.packages

    def _not_asked(self, code: Code) -> set[str]:
        return {name for name, keys in code.entries.items() if not keys & self.strings}
