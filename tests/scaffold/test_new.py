"""`saliency-audit new` in a copy of the repository: what it writes passes lint and says what lacks."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONG, OTHER = "a_name_of_24_characters1", "a_name_of_24_characters2"
# The entry of a claim that is planned, with a test that nobody has written.
PLANNED = """
- id: DRE-LATER
  title: It rises
  location: Table 1
  statement: The score rises.
  internal:
    nothing_to_test: a picture
  external:
    experiment: dre_later
    comparison: paired
    threshold: all hold
    replication: {why: any network}
    test: later_test
    parameters: {limit: 1, alpha: 0.05}
    planned: true
  notebook: dre_lately
  notebook_planned: true
"""

PACKAGE = "src/saliency_audit"
REGISTRIES = (f"{PACKAGE}/study/registry.py", "_toc.yml")


def of_claim(paper: str, module: str, experiment: str) -> tuple[str, ...]:
    """What every new claim writes."""
    internal = f"{PACKAGE}/ledger/internal/{paper}"
    return (
        *(f"data/claims/{paper}.yml", "data/verdicts.json"),
        *(f"{internal}/__init__.py", f"{internal}/{module}.py"),
        f"tests/ledger/internal/test_{module}.py",
        *of_experiment(experiment, experiment),
    )


def of_experiment(experiment: str, notebook: str) -> tuple[str, ...]:
    return (
        *REGISTRIES,
        f"{PACKAGE}/study/experiments/{experiment}.py",
        f"tests/study/test_{experiment}.py",
        f"notebooks/{notebook}.py",
    )


def of_external(module: str) -> tuple[str, ...]:
    external = f"{PACKAGE}/ledger/external"
    return (
        *(f"{external}/__init__.py", f"{external}/tests/{module}.py"),
        *(f"tests/ledger/external/test_{module}.py", "book/api-ledger.md"),
    )


def of_method(name: str) -> tuple[str, ...]:
    folder = f"{PACKAGE}/attributions"
    return (
        *(f"{folder}/__init__.py", f"{folder}/registry.py", f"{folder}/{name}.py"),
        *("tests/conftest.py", f"tests/attributions/test_{name}.py"),
    )


def of_metric(name: str) -> tuple[str, ...]:
    folder = f"{PACKAGE}/metrics"
    return (
        *(f"{folder}/__init__.py", f"{folder}/registry.py", f"{folder}/{name}.py"),
        *("tests/metrics/test_registry.py", f"tests/metrics/test_{name}.py"),
    )


# Arguments and the files that they write or change; the shortest and the longest names among them.
CASES = {
    "claim GG-N --paper ggig": of_claim("ggig", "gg_n", "ggig_n"),
    "claim GG-PIXELS --paper ggig --no-internal": tuple(
        path for path in of_claim("ggig", "gg_pixels", "ggig_pixels") if "internal" not in path
    ),
    "claim XM-NEW --paper xmgd --test paired_difference": of_claim("xmgd", "xm_new", "xmgd_new"),
    "claim MR-LONG-LONG-LONG-LONG --paper mege --test own": (
        *of_claim("mege", "mr_long_long_long_long", "mege_long_long_long_long"),
        *of_external("mr_long_long_long_long"),
    ),
    "claim DRE-NEW --paper dre --test own": (
        *of_claim("dre", "dre_new", "dre_new"),
        *of_external("dre_new"),
    ),
    "claim DRE-LATER --paper dre": (
        *of_experiment("dre_later", "dre_lately"),
        *of_external("dre_later"),
    ),
    "method n": of_method("n"),
    f"method {LONG}": of_method(LONG),
    "metric m": of_metric("m"),
    f"metric {LONG}": of_metric(LONG),
    "metric of_two --needs pair": of_metric("of_two"),
    "metric of_place --needs region": of_metric("of_place"),
    "metric of_model --needs model": (*of_metric("of_model"), "tests/conftest.py"),
    f"metric {OTHER} --needs model": (*of_metric(OTHER), "tests/conftest.py"),
}
CLAIMS = [case.split()[1] for case in CASES if case.startswith("claim")]


@pytest.fixture(scope="module")
def written(copied, new, tmp_path_factory):
    """The copy with everything written, what each case said, and which files each touched."""
    folder = copied(tmp_path_factory.mktemp("copy") / "project")
    with (folder / "data/claims/dre.yml").open("a", encoding="utf-8") as ledger:
        ledger.write(PLANNED)
    (folder / "data/verdicts.json").write_text(with_planned(folder / "data/verdicts.json"))
    touched = {}
    for case in CASES:
        before = contents(folder)
        assert new(folder, *case.split()) == 0, case
        after = contents(folder)
        touched[case] = {name for name in after if after[name] != before.get(name)}
    return folder, touched


UNTESTED = {
    "verdict": "not tested",
    "scope": "replication",
    **dict.fromkeys(("estimate", "ci_low", "ci_high", "n")),
}


def with_planned(path):
    """The published verdicts, with that of the planned claim behind those of its paper."""
    records = json.loads(path.read_text(encoding="utf-8"))
    last = max(place for place, each in enumerate(records) if each["id"].startswith("DRE-"))
    untested = dict.fromkeys(records[last]["external"], UNTESTED)
    planned = {"id": "DRE-LATER", "internal": "not tested", "released": "not released"}
    planned |= {"settings": {}, "external": untested}
    records.insert(last + 1, {**planned, "generalisation": {}})
    return json.dumps(records, ensure_ascii=False)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def started(folder, *command):
    """A command of Python in the copy, with the copy's package."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    environment.pop("SALIENCY_PROJECT", None)
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("case", CASES)
def test_the_files_that_belong_to_it_are_written_and_no_others(written, case):
    _, touched = written
    assert touched[case] == set(CASES[case])


def test_what_is_written_passes_lint(written):
    folder, _ = written
    for arguments in (("check",), ("format", "--check")):
        done = started(folder, "-m", "ruff", *arguments, "--no-cache", ".")
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_passes_the_type_checker(written, tmp_path):
    folder, touched = written
    # What is known of other packages is read anew where the linter has not left it.
    known = tmp_path / "types"
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", known)
    paths = sorted(p for p in set().union(*touched.values()) if p.startswith("src/"))
    done = started(folder, "-m", "mypy", "--cache-dir", str(known), *paths)
    assert done.returncode == 0, done.stdout + done.stderr


# Runs in the copy: its ledger and registries load, what is open is not tested and says so.
LOADED = """
import inspect, json, sys
from saliency_audit import ledger, metrics
from saliency_audit.attributions import available
from saliency_audit.errors import NotWrittenError
from saliency_audit.ledger.audit import as_record
from saliency_audit.ledger.external import TESTS
from saliency_audit.ledger.internal import TESTS as INTERNAL
from saliency_audit.ledger.verify import _published
from saliency_audit.locations import project_root
from saliency_audit.metrics.registry import METRICS
from saliency_audit.study import get_experiment

published = json.loads((project_root() / "data" / "verdicts.json").read_text(encoding="utf-8"))
assert [record["id"] for record in published] == list(ledger.load_claims())
published = {record["id"]: record for record in published}

def told(call, *arguments):
    try:
        call(*arguments)
    except NotWrittenError as error:
        return str(error)

said = {}
for name in json.loads(sys.argv[1]):
    audit = ledger.audit_claim(name)
    assert not audit.tested and str(audit.internal_verdict) == "not tested", name
    assert published[name] == _published(as_record(audit)), name
    said[name] = [audit.internal_detail, audit.strongest[1].detail]
    if name in INTERNAL:
        said[f"internal {name}"] = [told(INTERNAL[name])]
    test = TESTS[audit.claim.external.test]
    if test.__name__ != "paired_difference":
        said[f"external {name}"] = [told(inspect.unwrap(test), None, None)]
    compute = inspect.unwrap(get_experiment(audit.claim.external.experiment).compute)
    said[f"rows {name}"] = [told(compute, None, None)]
for name in json.loads(sys.argv[2]):
    kind, name = name.split()[:2]
    assert name in (available() if kind == "method" else METRICS), name
    if kind == "metric":
        function = getattr(metrics, name)
        given = [None for _ in inspect.signature(function).parameters]
        said[f"{kind} {name}"] = [told(function, *given)]
print(json.dumps(said))
"""


def test_the_copy_loads_and_every_skeleton_says_what_is_missing(written):
    folder, _ = written
    others = [case for case in CASES if not case.startswith("claim")]
    done = started(folder, "-c", LOADED, json.dumps(CLAIMS), json.dumps(others))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    for name in CLAIMS:
        internal, external = said.pop(name)
        assert internal in (
            "the internal test is planned and not written yet",
            "TO WRITE: why the paper has nothing that could be recomputed",
            "a picture",
        )
        assert "is planned and not written yet" in external
    assert len(said) == 5 + 3 + 5 + 6
    for messages in said.values():
        assert [message for message in messages if message.startswith("TO WRITE: ")]


def test_every_test_that_is_written_fails_and_says_what_is_missing(written):
    folder, touched = written
    tests = [
        path
        for path in set().union(*touched.values())
        if re.search(r"/test_(?!registry)\w+\.py$", path)
    ]
    # And those of all metrics reach it by the lines that were put in.
    generic = "tests/metrics/test_registry.py::test_values_lie_in_the_declared_range[of_model]"
    arguments = ("-p", "no:cacheprovider", "--tb=line", *tests, generic)
    done = started(folder, "-m", "pytest", *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    found = re.findall(r"^E .*(?:Failed|NotWrittenError): TO WRITE: .", done.stdout, re.M)
    assert len(found) == len(tests) + 1, done.stdout
    assert re.search(rf"\b{len(tests) + 1} failed", done.stdout)
    assert not re.search(r"passed|skipped|error", done.stdout.splitlines()[-1])
