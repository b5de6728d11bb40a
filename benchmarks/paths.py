"""Speed and memory of path attribution beside its peers, in one run: see benchmarks/README.md."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd
import torch
from alternation import Peer, Spread, fastest, ratio, seconds_per_point, spread
from path_peers import path_peers
from peak_memory import peak_bytes
from setting import description, network, random_images, use_threads

from saliency_audit.locations import project_root
from saliency_audit.study.provenance import default_device

MODELS = ("squeezenet1_0", "mobilenet_v2")
SCREENING_ROUNDS = 3
MEMORY_METHODS = ("ig", "ig+idgi", "blurig", "gig")
MEMORY_STEPS = (8, 64, 512)


@dataclass(frozen=True)
class Row:
    """One quantity with its `Spread` over the rounds; the columns of the table.

    quantity: "seconds_per_point" | "speed" (how many times as fast as `against`) | "time" (how
    many times the time of `against`) | "peak_mib".
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


COMPARISONS = (
    Comparison("speed", "ig", "bare passes", ">= 0.9"),
    Comparison("speed", "ig", "captum ig", ">= 1.6"),
    Comparison("speed", "ig", "captum ig 32", ">= 1.6"),
    Comparison("time", "ig+idgi", "ig", "<= 1.05"),
    Comparison("time", "ig and ig+idgi", "ig"),
    Comparison("speed", "blurig", "bare passes"),
    Comparison("time", "blur alone", "blurig", "<= 0.15"),
    Comparison("speed", "gig", "bare passes"),
    Comparison("speed", "gig", "pair gig", ">= 2"),
)


def main() -> None:
    """Command line."""
    arguments = _arguments()
    device = torch.device(arguments.device) if arguments.device else default_device()
    use_threads()
    header = description(arguments.models, device)
    rounds = arguments.rounds or (2 if arguments.quick else 8)
    rows: list[Row] = []
    for model in arguments.models:
        print(f"{model}: speed …", file=sys.stderr)
        rows += _speed_rows(model, rounds, device)
    if not arguments.no_memory:
        print(f"{arguments.models[0]}: memory …", file=sys.stderr)
        steps = MEMORY_STEPS[:2] if arguments.quick else MEMORY_STEPS
        rows += _memory_rows(arguments.models[0], steps, device)
    table = pd.DataFrame([asdict(row) for row in rows])
    print(json.dumps(header, indent=2))
    print(_printed(table))
    if arguments.output or not arguments.quick:
        _write(table, header, arguments.output)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="torchvision names")
    parser.add_argument("--device", help="cpu or cuda; the GPU if there is one")
    parser.add_argument("--rounds", type=int, help="times that every peer is timed (8)")
    parser.add_argument("--quick", action="store_true", help="two rounds, no file")
    parser.add_argument("--no-memory", action="store_true", help="speed only")
    parser.add_argument(
        "--output",
        type=Path,
        help="CSV file (data/benchmarks/paths.csv); a JSON header is put beside it",
    )
    return parser.parse_args()


def _speed_rows(model: str, rounds: int, device: torch.device) -> Iterator[Row]:
    # A GPU wants more points in flight.
    larger = (64, 128, 256) if device.type == "cuda" else ()
    with network(model, device) as classifier:
        images = random_images(8, device)
        peers = path_peers(
            classifier,
            images,
            classifier(images).argmax(dim=1),
            images_per_run=8 if device.type == "cuda" else 1,
            steps=32,
            guided_steps=8,
            bare_batches=(4, 8, 16, 32, *larger),
            captum_batches=(8, 16, 32, *larger),
        )
        seconds = seconds_per_point(peers, SCREENING_ROUNDS, device)
        # The fastest variants are chosen by these numbers and compared by others.
        chosen = fastest(peers, seconds) | {peer.label: peer for peer in peers}
        compared = [
            comparison
            for comparison in COMPARISONS
            if comparison.peer in chosen and comparison.against in chosen  # installed
        ]
        finalists = {
            chosen[name].label: chosen[name]
            for comparison in compared
            for name in (comparison.peer, comparison.against)
        }
        seconds |= seconds_per_point(list(finalists.values()), rounds, device)

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
        yield row(peer, "seconds_per_point", spread(seconds[peer.label]))
    for comparison in compared:
        peer, against = chosen[comparison.peer], chosen[comparison.against]
        numbers = seconds[peer.label], seconds[against.label]
        values = ratio(*(numbers if comparison.quantity == "time" else reversed(numbers)))
        yield row(peer, comparison.quantity, values, against.label, comparison.goal)


def _memory_rows(model: str, steps: tuple[int, ...], device: torch.device) -> Iterator[Row]:
    for method in MEMORY_METHODS:
        for number in steps:
            mebibytes = peak_bytes(model, method, number, device) / 2**20
            yield Row(
                model=model,
                quantity="peak_mib",
                peer=method,
                against="",
                batch="auto",
                layout="",
                steps=number,
                threads=torch.get_num_threads(),
                device=device.type,
                rounds=1,
                **asdict(spread([mebibytes])),
                goal="the same at any steps",
            )


def _write(table: pd.DataFrame, header: dict[str, object], output: Path | None) -> None:
    file = output or project_root() / "data" / "benchmarks" / "paths.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(file, index=False, float_format="%.5g")
    file.with_suffix(".json").write_text(json.dumps(header, indent=2) + "\n")
    print(f"written: {file} and {file.with_suffix('.json').name}")


HEADINGS = {
    "seconds_per_point": "milliseconds per point",
    "speed": "times as fast as",
    "time": "times the time of",
    "peak_mib": "peak memory in MiB",
}


def _printed(table: pd.DataFrame) -> str:
    """The table for a terminal: milliseconds, ratios and mebibytes, each with its own heading."""
    parts = []
    for model in table["model"].unique():
        for quantity, heading in HEADINGS.items():
            rows = table[(table["model"] == model) & (table["quantity"] == quantity)]
            if len(rows):
                parts.append(f"{model}: {heading}\n{_printed_rows(rows, quantity)}")
    return "\n\n".join(parts)


def _printed_rows(rows: pd.DataFrame, quantity: str) -> str:
    values = [field.name for field in fields(Spread)]
    scale, digits = {"seconds_per_point": (1000, 2), "peak_mib": (1, 0)}.get(quantity, (1, 3))
    text = rows[["peer", "batch", "layout", "against"]].assign(
        steps=rows["steps"].map(lambda number: "" if pd.isna(number) else f"{number:.0f}")
    )
    numbers = (rows[values] * scale).map(lambda number: f"{number:.{digits}f}")
    shown = pd.concat([text, rows["rounds"], numbers, rows["goal"]], axis=1)
    return shown.loc[:, (shown != "").any()].to_string(index=False)


if __name__ == "__main__":
    main()
