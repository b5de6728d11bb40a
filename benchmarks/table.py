"""The table that every benchmark prints and writes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd
import torch
from alternation import Peer, Spread, ratio, spread

from saliency_audit.locations import project_root


@dataclass(frozen=True)
class Row:
    """One quantity with its `Spread` over the rounds; the columns of the table.

    quantity: "seconds_per_point" | "seconds_per_map" | "seconds_per_distance" | "seconds_per_fit" |
    "speed" (how many times as fast as `against`) | "time" (how many times the time of `against`) |
    "peak_mib".
    """

    model: str
    quantity: str
    peer: str
    against: str
    batch: int | str
    layout: str
    steps: int | None
    threads: int
    device: str
    rounds: int
    median: float
    minimum: float
    maximum: float
    of_fastest: float
    goal: str


@dataclass(frozen=True)
class Comparison:
    """A ratio worth reading: quantity, the two peers and what it should be.

    A peer's name stands for its fastest variant, a label for that variant.
    """

    quantity: str
    peer: str
    against: str
    goal: str = ""


def comparable(comparisons: Sequence[Comparison], known: Mapping[str, Peer]) -> list[Comparison]:
    """The comparisons whose peers both are installed."""
    return [one for one in comparisons if one.peer in known and one.against in known]


def timing_rows(
    model: str,
    unit: str,
    peers: Sequence[Peer],
    comparisons: Sequence[Comparison],
    known: Mapping[str, Peer],
    seconds: Mapping[str, Sequence[float]],
    device: torch.device,
) -> Iterator[Row]:
    """Rows of timed peers, then of what is compared.

    Args:
        model: what the rows are about.
        unit: the quantity of a peer's own row, such as "seconds_per_point".
        peers: all of them.
        comparisons: the ratios wanted.
        known: name or label -> peer.
        seconds: label -> seconds per unit, one per round.
        device: where they ran.
    """

    def row(peer: Peer, quantity: str, values: Spread, against: str = "", goal: str = "") -> Row:
        return Row(
            model=model,
            quantity=quantity,
            peer=peer.name,
            against=against,
            batch=peer.batch,
            layout=peer.layout,
            steps=peer.steps,
            threads=torch.get_num_threads(),
            device=device.type,
            rounds=len(seconds[peer.label]),
            **asdict(values),
            goal=goal,
        )

    for peer in peers:
        yield row(peer, unit, spread(seconds[peer.label]))
    for comparison in comparisons:
        peer, against = known[comparison.peer], known[comparison.against]
        numbers = seconds[peer.label], seconds[against.label]
        values = ratio(*(numbers if comparison.quantity == "time" else reversed(numbers)))
        yield row(peer, comparison.quantity, values, against.label, comparison.goal)


def write(table: pd.DataFrame, header: dict[str, object], output: Path | None, name: str) -> None:
    """Write the table to `output`, or under its name to the project; a JSON header beside it."""
    file = output or project_root() / "data" / "benchmarks" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(file, index=False, float_format="%.5g")
    file.with_suffix(".json").write_text(json.dumps(header, indent=2) + "\n")
    print(f"written: {file} and {file.with_suffix('.json').name}")


HEADINGS = {
    "seconds_per_point": "milliseconds per point",
    "seconds_per_map": "milliseconds per map",
    "seconds_per_distance": "microseconds per distance",
    "seconds_per_fit": "milliseconds per fit",
    "speed": "times as fast as",
    "time": "times the time of",
    "peak_mib": "peak memory in MiB",
}


# Factor and decimals of what is no ratio.
SCALES = {
    "seconds_per_point": (1e3, 2),
    "seconds_per_map": (1e3, 0),
    "seconds_per_distance": (1e6, 1),
    "seconds_per_fit": (1e3, 2),
    "peak_mib": (1, 0),
}


def printed(table: pd.DataFrame) -> str:
    """The table for a terminal: milliseconds, ratios and mebibytes, each with its own heading."""
    parts = []
    for (model, threads), found in table.groupby(["model", "threads"], sort=False):
        for quantity, heading in HEADINGS.items():
            rows = found[found["quantity"] == quantity]
            if len(rows):
                title = f"{model}, threads: {threads}: {heading}"
                parts.append(f"{title}\n{_printed_rows(rows, quantity)}")
    return "\n\n".join(parts)


def _printed_rows(rows: pd.DataFrame, quantity: str) -> str:
    values = [field.name for field in fields(Spread)]
    scale, digits = SCALES.get(quantity, (1, 3))
    text = rows[["peer", "batch", "layout", "against"]].assign(
        steps=rows["steps"].map(lambda number: "" if pd.isna(number) else f"{number:.0f}")
    )
    numbers = (rows[values] * scale).map(lambda number: f"{number:.{digits}f}")
    shown = pd.concat([text, rows["rounds"], numbers, rows["goal"]], axis=1)
    return shown.loc[:, (shown != "").any()].to_string(index=False)
