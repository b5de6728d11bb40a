"""The page "Performance": what the scripts in `benchmarks/` measured, ratios first."""

import json
import math
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
FILES = {
    "paths": "On",
    "methods": "Beside other libraries on",
    "curves": "Information curves on",
    "ranks": "Distances between maps on",
    "xmgd": "Distances between mixtures on",
    "extremal": "Extremal Perturbation on",
}
# What a peer's own row says, and its heading.
SECONDS = {
    "seconds_per_point": "gradient",
    "seconds_per_map": "map",
    "seconds_per_distance": "distance",
    "seconds_per_fit": "fit",
}
COLUMNS = (
    *("model", "quantity", "peer", "against", "batch", "layout", "steps", "threads", "rounds"),
    *("median", "minimum", "maximum", "goal"),
)
GOAL = re.compile(r"(>=|<=)\s*([\d.]+)")
MEETS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}

BUSY = (
    "**The machine was busy with other work**, more than its cores: ratios of one thread can be "
    "trusted within their range, but threads that wait for each other lose most of their time, so "
    "that rows of several threads say little."
)

RERUN = """\
```shell
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/paths.py           # about 6 minutes on two cores
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/paths.py --quick   # two rounds, writes nothing
.venv/bin/python benchmarks/methods.py         # about 5 minutes, needs its four peers
.venv/bin/python benchmarks/curves.py          # about 5 minutes, needs PAIR
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/fast_deviation.py  # about 4 minutes, needs pictures
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/ranks.py           # about 3 minutes
OMP_NUM_THREADS=2 .venv/bin/python benchmarks/xmgd.py            # about 3 minutes
OMP_NUM_THREADS=1 .venv/bin/python benchmarks/extremal.py        # about 5 minutes, needs torchray
```

All but the second write a table and its header. On a machine with a GPU the first and the last one
time the GPU. PAIR's library, torchray and grad-cam are no dependencies; `benchmarks/README.md` says
how to install them."""

METHOD = """\
Path methods spend their time on gradients. Every peer evaluates the same networks at 224×224 and is
timed per gradient: bare forward and backward passes, this library, captum's Integrated Gradients
and, where it is installed, PAIR's Guided IG. Where a peer was timed with several batch sizes or
memory formats, the ratio is that of the fastest; `captum ig 32` is captum as used by default,
all points of a path at once. `ig and ig+idgi` makes both maps from one walk; `blur alone` is the
path of BlurIG without a model.

Beside other libraries, methods are timed per map with one thread and with two: 16 points of IG, 4
of Guided IG, 32 masks of RISE (torchray's in batches of 32), Grad-CAM of 8 pictures at once, and
the insertion score of one picture in 28 steps. `captum ig` takes 8 points at a time; `by hand`
means that its user sets the memory format `channels_last`. `pair gig` and the insertion `by a loop`
take one picture after the other. `passes` and `forwards` are as many plain passes of the network in
its fastest layout, those of Guided IG one at a time: **where a method's speed beside them is near
1, the limit is the network itself**, and nothing but another network makes it faster. Guided IG
asks the network picture by picture, so that no map depends on how many others are made. `passes of
gig` relative to `pair gig` is therefore the most that it can reach.

Information curves are timed per map, with one thread and with two: photographs at 224×224, 13
thresholds, the predictions of MobileNetV2 included. Most of the processor's time goes into Qhull's
triangulation, libwebp's lossless encoder and the network, and PAIR waits for the same three: these
are the limit with one thread. With two threads, each works on a picture of its own. `exact` fills
and compresses every picture as PAIR does, bit by bit; how far `fast` deviates is measured above.
`further maps` of a picture share the two ends of its curve with the first one. `pair` is PAIR's own
function.

Distances between the maps of cross-trained predictors, the rows behind MeGe and ReCo, are timed per
distance: 10,000 random maps of 32×32 pixels for each of 5 predictors, once without ties and once
with the ties that ReLU and 8 bits leave, half of the values being zero. `rank_distances` ranks
every map once; `scipy` is a loop over `scipy.stats.spearmanr`. Both give the same numbers, which is
checked first.

XMGD is timed per comparison of two maps of 256×256 pixels, at three levels and with ten Gaussians:
`scikit-learn and POT` duplicates points as the paper describes, `xmgd` fits weights, and `1000 kept
fits` is the transport alone, per comparison of maps whose mixtures are there already. Mixtures of
maps of several sizes, with five and ten Gaussians, are fitted `batched`, all maps and levels in one
call, and `one by one`; a fit is that of one map at one level.

Extremal Perturbation is timed per step of one mask, which takes one gradient: `xpert 8` searches
the masks of eight pictures together, `xpert 1` that of one, and `torchray` is torchray's own
function, which takes one picture. All have the same kernel, lattice and blurs. `passes` are as many
plain passes of the network for eight pictures at once; relative to `torchray` they say how much
faster than it a search could be at most.

Every round times each peer once, in short runs and in turn, in every other round in reverse order.
A ratio is taken within a round, so that other work on the machine slows both sides alike. The
tables show the median over the rounds and, in brackets, the smallest and the largest. Rely on the
ratios: the seconds are those of one machine on one day. A goal that the median misses is shown as
missed. No test and no verdict depends on a timing."""


def performance_page(root: Path) -> str:
    """Markdown of the page; says so where nothing was measured.

    Args:
        root: the project folder; every `data/benchmarks/paths*.csv`, `methods*.csv`, `curves*.csv`,
            `ranks*.csv`, `xmgd*.csv` and `extremal*.csv` below it gets a section.

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
    several = ratios["threads"].nunique() > 1
    for model, threads in ratios[["model", "threads"]].drop_duplicates().to_numpy():
        yield f"### {escape(model)}" + (f", {count(threads, 'thread')}" if several else "")
        yield _ratios(ratios[(ratios["model"] == model) & (ratios["threads"] == threads)])
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
        f"{_threads(header['threads'])} of {count(header['cores'], 'core')}"
        if {"threads", "cores"} <= header.keys()
        else "",
        f"load average {header['load_average']}" if "load_average" in header else "",
        ", ".join(f"{package} {version}" for package, version in versions.items()),
        f"commit {code(_short(header['commit']))}" if header.get("commit") else "",
    ]
    said = "; ".join(fact for fact in facts if fact)
    if not said:
        return "The circumstances were not noted."
    busy = header.get("load_average", 0) > header.get("cores", math.inf)
    return f"Measured {said}." + (f" {BUSY}" if busy else "")


def _threads(noted: int | list[int]) -> str:
    """`2 threads`; `1 and 2 threads` where they were timed one after the other."""
    if isinstance(noted, int):
        return count(noted, "thread")
    return f"{' and '.join(map(str, noted))} threads"


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
            str(row["threads"]),
            _spread(row, 1, 1000),
        )
        for _, row in rows.iterrows()
    ]
    header = ("network", "peer", "batch", "layout", "steps", "threads", f"ms per {unit}")
    return table(header, lines, "llllrrr")


def _spread(row: pd.Series, digits: int, scale: float = 1) -> str:
    median, low, high = (
        number(scale * float(row[name]), digits) for name in ("median", "minimum", "maximum")
    )
    return f"{median} [{low}, {high}]"
