"""Skeleton of a claim: entry, tests, experiment, notebook."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from saliency_audit.scaffold.places import add_entry, add_import, names_in
from saliency_audit.scaffold.skeleton import (
    LONGEST,
    PACKAGE,
    Plan,
    ScaffoldError,
    Skeleton,
    checkout,
    filled,
    refuse_malformed,
)

TESTS = ("paired_difference", "own")
"""What may be asked for: questions that the ledger declares, or a module of the claim's own."""

EXTERNAL = f"{PACKAGE}/ledger/external"
INTERNAL = f"{PACKAGE}/ledger/internal"
STUDY = f"{PACKAGE}/study"
# Parameters that every external test takes.
COMMON = {"alpha", "images_per_comparison"}

Entry = Mapping[str, Any]


# What an entry says of the paper's own numbers, where it has some and where it has none.
QUESTION = """\
    question: "TO WRITE: what is asked of the paper's own numbers or formulas"
    planned: true"""
NOTHING = """\
    nothing_to_test: "TO WRITE: why the paper has nothing that could be recomputed\""""


def new_claim(
    claim_id: str, paper: str, test: str | None = None, *, internal: bool = True
) -> Skeleton:
    """Write the skeleton of a claim; of one that the ledger plans already, all but its entry.

    Args:
        claim_id: in the ledger.
        paper: whose ledger file it stands in.
        test: of `TESTS`; the first if not given. A planned claim's entry names its own.
        internal: whether the paper has numbers or formulas that an internal test can examine.

    Raises:
        ScaffoldError: an id that is malformed or exists, an unknown paper or test, a place that is
            missing, or a planned claim of which nothing is left to write.
    """
    plan = Plan(checkout())
    ledger = _ledger(plan)
    if paper not in ledger:
        raise ScaffoldError(f"unknown paper {paper!r}; known: {', '.join(ledger)}")
    if test not in (None, *TESTS):
        raise ScaffoldError(f"unknown test {test!r}; known: {', '.join(TESTS)}")
    entries = {entry["id"]: (name, entry) for name in ledger for entry in ledger[name]["claims"]}
    if claim_id in entries:
        _refuse_unplanned(claim_id, paper, test, *entries[claim_id])
        return _of_planned(plan, ledger, paper, entries[claim_id][1])
    _refuse_misnamed(claim_id, paper, ledger[paper])
    module = _module(claim_id)
    name = f"{paper}_{module.partition('_')[2]}"
    _refuse_taken(name, entries)
    words = _words(claim_id, ledger[paper], name, module if test == "own" else TESTS[0])
    _write_entry(plan, {**words, "internal": QUESTION if internal else NOTHING})
    if internal:
        _write_internal(plan, words)
    _write_experiment(plan, words)
    _write_notebook(plan, {**words, "notebook": words["name"]})
    if test == "own":
        _write_external(plan, words, parameters=())
    return plan.write(_todo(words, name, plan))


def _ledger(plan: Plan) -> dict[str, Any]:
    """The ledger's files by paper, in the order of the book."""
    papers = re.findall(r"^ *- file: book/papers/(\w+)$", plan.read("_toc.yml"), re.MULTILINE)
    return {paper: yaml.safe_load(plan.read(f"data/claims/{paper}.yml")) for paper in papers}


def _module(claim_id: str) -> str:
    return claim_id.lower().replace("-", "_")


def _words(claim_id: str, ledger: Entry, name: str, test: str) -> dict[str, str]:
    """What the templates are filled with; `name` is the experiment's."""
    return {
        "id": claim_id,
        "module": _module(claim_id),
        "paper": ledger["paper"],
        "short": ledger["short"].replace(" / ", "/"),
        "name": name,
        "test": test,
    }


def _refuse_unplanned(
    claim_id: str, paper: str, test: str | None, place: str, entry: Entry
) -> None:
    """Refuse a claim that is written, stands in another paper or has another test."""
    if place != paper:
        raise ScaffoldError(f"claim {claim_id} exists already, in data/claims/{place}.yml")
    if not isinstance(entry.get("external"), dict):
        raise ScaffoldError(
            f"data/claims/{place}.yml: claim {claim_id}: field external: missing; delete the entry "
            "to have a whole one written, or complete it"
        )
    if not entry["external"].get("planned"):
        raise ScaffoldError(
            f"claim {claim_id} exists already, and is not planned; edit its entry in "
            f"data/claims/{place}.yml, whose experiment, test and notebook lead to its code"
        )
    if test:
        named = entry["external"]["test"]
        raise ScaffoldError(f"claim {claim_id} is planned with the test {named}; leave out --test")


def _refuse_misnamed(claim_id: str, paper: str, ledger: Entry) -> None:
    prefix = ledger["claims"][0]["id"].partition("-")[0]
    well_formed = re.fullmatch(rf"{prefix}-[A-Z0-9]+(-[A-Z0-9]+)*", claim_id)
    if not well_formed or len(claim_id) > LONGEST:
        raise ScaffoldError(
            f"the id of a claim of {paper} is {prefix}- and capital letters or digits, in parts "
            f"joined by hyphens, at most {LONGEST} characters; got {claim_id!r}"
        )


def _refuse_taken(name: str, entries: Mapping[str, tuple[str, Entry]]) -> None:
    """Refuse the name of an experiment or notebook that another claim plans."""
    refuse_malformed("experiment", name)
    for claim_id, (_, entry) in entries.items():
        if name in (entry.get("external", {}).get("experiment"), entry.get("notebook")):
            raise ScaffoldError(f"the name {name} belongs to claim {claim_id} already")


def _of_planned(plan: Plan, ledger: Entry, paper: str, entry: Entry) -> Skeleton:
    """What a planned claim lacks: its experiment, its notebook, its external test."""
    spec, notebook = entry["external"], entry["notebook"]
    words = _words(entry["id"], ledger[paper], spec["experiment"], spec["test"])
    if words["name"] not in names_in(plan.read(f"{STUDY}/registry.py"), "_EXPERIMENTS"):
        _write_experiment(plan, words)
    if not (plan.root / f"notebooks/{notebook}.py").exists():
        _write_notebook(plan, {**words, "notebook": notebook})
    if words["test"] not in names_in(plan.read(f"{EXTERNAL}/__init__.py"), "TESTS"):
        # Every claim that names the test must be able to give its parameters.
        given = {
            key
            for each in ledger.values()
            for other in each["claims"]
            if other.get("external", {}).get("test") == words["test"]
            for key in other["external"].get("parameters", {})
        }
        _write_external(plan, words, given)
    if not plan.new:
        raise ScaffoldError(f"claim {entry['id']} has all its files already")
    return plan.write(_todo(words, notebook, plan))


def _write_entry(plan: Plan, words: Mapping[str, str]) -> None:
    path = f"data/claims/{words['paper']}.yml"
    before = yaml.safe_load(plan.read(path))["claims"]
    parameters = filled("paired" if words["test"] == TESTS[0] else "own_parameters")
    entry = filled("entry.yml", parameters=parameters.rstrip("\n"), **words)
    plan.change(path, lambda text: f"{text.rstrip()}\n\n{entry}")
    if yaml.safe_load(plan.read(path))["claims"][:-1] != before:
        raise ScaffoldError(f"{path}: the list of claims does not stand at its end")
    verdict = json.loads(filled("verdict.json", **words))
    plan.change("data/verdicts.json", _published, verdict, {each["id"] for each in before})


def _published(text: str, verdict: Entry, of_paper: Collection[str]) -> str:
    """The published verdicts with one more, behind those of its paper."""
    records = json.loads(text)
    places = [place for place, record in enumerate(records) if record["id"] in of_paper]
    records.insert(max(places, default=len(records) - 1) + 1, verdict)
    return json.dumps(records, indent=1, ensure_ascii=False) + "\n"


def _write_internal(plan: Plan, words: Mapping[str, str]) -> None:
    module, folder = words["module"], f"{INTERNAL}/{words['paper']}"
    plan.create(f"{folder}/{module}.py", "internal.py", **words)
    plan.create(f"tests/ledger/internal/test_{module}.py", "internal_test.py", **words)
    package, table = f"saliency_audit.ledger.internal.{words['paper']}", f"{folder}/__init__.py"
    plan.change(table, add_import, package, module)
    plan.change(table, add_entry, "TESTS", f'"{words["id"]}": {module}.{module}')


def _write_experiment(plan: Plan, words: Mapping[str, str]) -> None:
    name = words["name"]
    plan.create(f"{STUDY}/experiments/{name}.py", "experiment.py", **words)
    plan.create(f"tests/study/test_{name}.py", "experiment_test.py", **words)
    registry = f"{STUDY}/registry.py"
    plan.change(registry, add_import, "saliency_audit.study.experiments", name)
    plan.change(registry, add_entry, "_EXPERIMENTS", name)


def _write_notebook(plan: Plan, words: Mapping[str, str]) -> None:
    plan.create(f"notebooks/{words['notebook']}.py", "notebook.py", **words)
    plan.change("_toc.yml", _listed, words["notebook"], words["paper"])


def _listed(text: str, notebook: str, paper: str) -> str:
    """The table of contents with one more notebook, behind those of its paper or of earlier ones.

    Raises:
        ScaffoldError: there is no notebook to put it behind.
    """
    papers = re.findall(r"^ *- file: book/papers/(\w+)$", text, re.MULTILINE)
    for earlier in reversed(papers[: papers.index(paper) + 1]):
        if lines := re.findall(rf"^ *- file: notebooks/{earlier}_\w+\n", text, re.MULTILINE):
            line = re.sub(r"notebooks/\w+", f"notebooks/{notebook}", lines[-1])
            return text.replace(lines[-1], lines[-1] + line)
    raise ScaffoldError(f"no notebook of {paper} or of a paper before it to put another behind")


def _write_external(plan: Plan, words: Mapping[str, str], parameters: Collection[str]) -> None:
    module, test = words["module"], words["test"]
    may = "".join(f'        "{name}",\n' for name in sorted(set(parameters) - COMMON))
    takes = f"    may={{\n{may}    }},\n" if may else ""
    plan.create(f"{EXTERNAL}/tests/{module}.py", "external.py", takes=takes, **words)
    plan.create(f"tests/ledger/external/test_{module}.py", "external_test.py", **words)
    table, package = f"{EXTERNAL}/__init__.py", "saliency_audit.ledger.external.tests"
    plan.change(table, add_import, f"{package}.{module}", test)
    plan.change(table, add_entry, "TESTS", test)
    plan.change("book/api-ledger.md", _documented, f"{package}.{module}", words["short"])


def _documented(text: str, module: str, short: str) -> str:
    """The page of the ledger's code with one more module, at the end of its paper's section.

    Raises:
        ScaffoldError: there is no section of external tests.
    """
    block = f"```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```\n\n"
    heading, behind = f"### The {short} claims\n\n", "### Kinds of evidence\n"
    if behind not in text:
        raise ScaffoldError(f"no heading {behind.strip()!r}")
    if heading not in text:
        return text.replace(behind, heading + block + behind)
    first, section = text.split(heading)
    end = section.index("### ")
    return first + heading + section[:end] + block + section[end:]


def _todo(words: Mapping[str, str], notebook: str, plan: Plan) -> list[str]:
    """What is left, in order: what is declared comes before any row."""
    paper, module, name = words["paper"], words["module"], words["name"]
    entry = f"data/claims/{paper}.yml"
    steps = {
        entry: "sentence, place, questions, threshold and replication, and commit them",
        f"{INTERNAL}/{paper}/{module}.py": f"the checks, and its test; then `planned` under "
        f"`internal` goes from {entry}",
        f"{STUDY}/experiments/{name}.py": "columns, parameters, profiles, rows, and its test",
        f"{EXTERNAL}/tests/{module}.py": "the effects, and its test",
    }
    written = {**plan.new, **plan.changes}
    figures = f"{PACKAGE}/report/figures/{paper}/"
    return [
        *(f"{path}: {step}" for path, step in steps.items() if path in written),
        f"{entry}: `planned` under `external` goes",
        f"saliency-audit compute {name} --profile embedded --record; the reference profile, too",
        f"{figures}: a module of figures, whose first line names {words['id']}, and its test",
        f"notebooks/{notebook}.py: text, figures, parameters; then `notebook_planned` goes",
        f"book/papers/{paper}.md: the claim and its notebook; README.md: the number of claims",
        "saliency-audit verify --write; commit data/verdicts.json",
    ]
