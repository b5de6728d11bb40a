"""The page "Performance": what the scripts in `benchmarks/` measured, ratios first."""

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from saliency_audit.ledger.external.evidence.curves import COMPLEXITIES
from saliency_audit.ledger.summaries.costs import fast_deviations
from saliency_audit.report.site.markdown import code, escape, folded, page, table
from saliency_audit.report.words import count, estimate, number
from saliency_audit.study.former_names import COMPLEXITIES as FORMER

FOLDER = "data/benchmarks"
# Files of each kind, and what their section is about.
FILES = {"paths": "On", "curves": "Information curves on", "ranks": "Distances between maps on"}
# What a peer's own row says, and its heading.
SECONDS = {
    "seconds_per_point": "gradient",
    "seconds_per_map": "map",
    "seconds_per_distance": "distance",
}
COLUMNS = (
    *("model", "quantity", "peer", "against", "batch", "layout", "steps", "rounds"),
    *("median", "minimum", "maximum", "goal"),
)
GOAL = re.compile(r"(>=|<=)\s*([\d.]+)")
MEETS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}

RERUN = """\
```shell
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/paths.py           # about 6 minutes on two cores
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/paths.py --quick   # two rounds, writes nothing
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/curves.py          # about 4 minutes, needs PAIR
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/fast_deviation.py  # about 4 minutes, needs pictures
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/ranks.py           # about 3 minutes
```

All but the second write a table and its header. On a machine with a GPU the first one times the
GPU. PAIR's library is not a dependency; `benchmarks/README.md` says how to install it."""

METHOD = """\
Path methods spend their time on gradients. Every peer evaluates the same networks at 224×224 and is
timed per gradient: bare forward and backward passes, this library, captum's Integrated Gradients
and, where it is installed, PAIR's Guided IG. Where a peer was timed with several batch sizes or
memory formats, the ratio is that of the fastest; `captum ig 32` is captum as used by default,
all points of a path at once. `ig and ig+idgi` makes both maps from one walk; `blur alone` is the
path of BlurIG without a model.

Information curves are timed per map: three photographs at 224×224, 13 thresholds, the predictions
of MobileNetV2 included. `exact` fills and compresses every picture as PAIR does, bit by bit; how
far `fast` deviates is measured above. `further maps` of a picture share the two ends of its curve
with the first one. `pair` is PAIR's own function.

Distances between the maps of cross-trained predictors, the rows behind MeGe and ReCo, are timed per
distance: 10,000 random maps of 32×32 pixels for each of 5 predictors, once without ties and once
with the ties that ReLU and 8 bits leave, half of the values being zero. `rank_distances` ranks
every map once; `scipy` is a loop over `scipy.stats.spearmanr`. Both give the same numbers, which is
checked first.

Every round times each peer once, in short runs and in turn, in every other round in reverse order.
A ratio is taken within a round, so that other work on the machine slows both sides alike. The
tables show the median over the rounds and, in brackets, the smallest and the largest. Rely on the
ratios: the seconds are those of one machine on one day. A goal that the median misses is shown as
missed. No test and no verdict depends on a timing."""


def performance_page(root: Path) -> str:
    """Markdown of the page; says so where nothing was measured.

    Args:
        root: the project folder; every `data/benchmarks/paths*.csv`, `curves*.csv` and `ranks*.csv`
            below it gets a section.

    Raises:
        ValueError: a file that lacks a column.
    """
    sections = [
        block
        for kind, title in FILES.items()
        for path in sorted((root / FOLDER).glob(f"{kind}*.csv"))
        for block in _section(path, title)
    ]
    missing = f"Nothing has been measured yet: there is no {code(f'{FOLDER}/paths.csv')}."
    return page(
        "# Performance",
        "How fast the path methods are, compared with bare forward and backward passes and with "
        "other libraries. What a whole study costs is a claim of its own: IDGI-COST.",
        *(sections or [missing]),
        *_deviation(root / FOLDER / "fast_deviation.csv"),
        "## How it is measured",
        METHOD,
        "## Measure it yourself",
        RERUN,
    )


def _section(path: Path, title: str) -> Iterator[str]:
    rows = pd.read_csv(path, keep_default_na=False, na_values={"steps": [""]})
    name = f"{FOLDER}/{path.name}"
    if lacking := [column for column in COLUMNS if column not in rows.columns]:
        raise ValueError(f"{name} lacks the columns {', '.join(lacking)}; measure again")
    header = _header(path.with_suffix(".json"))
    device = escape(str(header.get("device", "a device not noted")))
    yield f"## {title} {device}"
    yield f"{_circumstances(header)} The file: {{download}}`{name} <../../{name}>`."
    ratios = rows[rows["quantity"].isin(["speed", "time"])]
    for model in ratios["model"].unique():
        yield f"### {escape(model)}"
        yield _ratios(ratios[ratios["model"] == model])
    memory = rows[rows["quantity"] == "peak_mib"]
    yield _memory(memory) if len(memory) else ""
    for quantity, unit in SECONDS.items():
        seconds = rows[rows["quantity"] == quantity]
        yield folded(f"Milliseconds per {unit}", _seconds(seconds, unit)) if len(seconds) else ""


def _deviation(path: Path) -> Iterator[str]:
    """What the fast mode of the information curves costs in accuracy, where it was measured."""
    if not path.is_file():
        return
    rows = pd.read_csv(path).dropna().replace({"complexity": FORMER})
    lines = [
        (
            COMPLEXITIES[found.complexity],
            estimate(found.mean),
            f"{number(found.low, 3)} to {number(found.high, 3)}",
            str(found.maps),
            str(found.mean.n),
        )
        for found in fast_deviations(rows)
    ]
    name = f"{FOLDER}/{path.name}"
    yield "## What the fast mode costs in accuracy"
    yield (
        "Area under the SIC of single maps, fast minus exact (three methods, MobileNetV2). The "
        "interval is that of the mean, resampled by picture; the range holds the middle 95 % of "
        "the maps. "
        f"The file: {{download}}`{name} <../../{name}>`."
    )
    header = ("complexity", "mean [95 % interval]", "95 % of the maps", "maps", "pictures")
    yield table(header, lines, "lrrrr")


def _header(path: Path) -> Mapping[str, Any]:
    """What was noted beside the table; empty if nothing was."""
    if not path.is_file():
        return {}
    noted = json.loads(path.read_text(encoding="utf-8"))
    return noted if isinstance(noted, dict) else {}


def _circumstances(header: Mapping[str, Any]) -> str:
    versions = header.get("versions", {})
    facts = [
        f"on {header['date']}" if "date" in header else "",
        f"{count(header['threads'], 'thread')} of {count(header['cores'], 'core')}"
        if {"threads", "cores"} <= header.keys()
        else "",
        f"load average {header['load_average']} at the end" if "load_average" in header else "",
        ", ".join(f"{package} {version}" for package, version in versions.items()),
        f"commit {code(_short(header['commit']))}" if header.get("commit") else "",
    ]
    said = "; ".join(fact for fact in facts if fact)
    return f"Measured {said}." if said else "The circumstances were not noted."


def _short(commit: str) -> str:
    return commit[:12] + commit[40:]


def _ratios(rows: pd.DataFrame) -> str:
    lines = [
        (
            f"{row['quantity']} of {code(row['peer'])}",
            _spread(row, 2),
            escape(row["goal"].replace(">=", "≥").replace("<=", "≤")),
            _met(row["goal"], float(row["median"])),
            code(row["against"].removesuffix(" auto")),
        )
        for _, row in rows.iterrows()
    ]
    rounds = count(int(rows["rounds"].max()), "round")
    return table(("what", f"ratio over {rounds}", "goal", "met", "relative to"), lines, "lr")


def _met(goal: str, median: float) -> str:
    found = GOAL.fullmatch(goal)
    if not found:
        return ""
    sign, limit = found.groups()
    return "[yes]{.holds}" if MEETS[sign](median, float(limit)) else "[no]{.fails}"


def _memory(rows: pd.DataFrame) -> str:
    steps = sorted(int(n) for n in rows["steps"].unique())
    values = rows.pivot(index="peer", columns="steps", values="median")
    lines = [
        (
            code(peer),
            *(number(float(values.loc[peer, n]), 0) for n in steps),
            number(float(values.loc[peer, steps[-1]] / values.loc[peer, steps[0]]), 2),
        )
        for peer in rows["peer"].unique()
    ]
    header = ("method", *(f"{n} steps" for n in steps), f"{steps[-1]} ÷ {steps[0]}")
    return page(
        "### Memory",
        "Peak memory of a fresh process that explains one image (MiB, "
        f"{escape(rows['model'].iloc[0])}). The ratio has no goal: with few steps the process "
        "holds less than one full batch. `tests/attributions/test_memory.py` counts, byte by byte, "
        "that beyond a full batch the tensors of a walk do not grow with the number of steps.",
        table(header, lines, "l" + "r" * (len(steps) + 1)),
    )


def _seconds(rows: pd.DataFrame, unit: str) -> str:
    lines = [
        (
            escape(row["model"]),
            code(row["peer"]),
            escape(str(row["batch"])),
            escape(row["layout"]),
            "" if pd.isna(row["steps"]) else str(int(row["steps"])),
            _spread(row, 1, 1000),
        )
        for _, row in rows.iterrows()
    ]
    header = ("network", "peer", "batch", "layout", "steps", f"ms per {unit}")
    return table(header, lines, "lllrrr")


def _spread(row: pd.Series, digits: int, scale: float = 1) -> str:
    median, low, high = (
        number(scale * float(row[name]), digits) for name in ("median", "minimum", "maximum")
    )
    return f"{median} [{low}, {high}]"
