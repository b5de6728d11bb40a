"""How far fast information curves are from exact ones, map by map: see benchmarks/README.md."""

import argparse
import json
from pathlib import Path

import pandas as pd
import torch
from setting import description, network, use_threads

from saliency_audit.attributions import create, saliency
from saliency_audit.datasets import image_seed, open_images, read_batch, shuffled_indices
from saliency_audit.locations import project_root
from saliency_audit.metrics import image_areas, information_curves, information_points
from saliency_audit.metrics.reveal import Mode

MODEL = "mobilenet_v2"
IMAGES = "imagenet_sample"
METHODS = {"saliency": {}, "ig": {"steps": 32}, "ig+idgi": {"steps": 32}}
COMPLEXITIES = ("file_size", "ms_ssim")
MODES: tuple[Mode, ...] = ("exact", "fast")


def main() -> None:
    """Command line."""
    arguments = _arguments()
    use_threads()
    device = torch.device("cpu")
    header = {**description([MODEL], device), "images": IMAGES}
    rows: list[dict[str, object]] = []
    source = open_images(IMAGES)
    with network(MODEL, device) as model:
        for index in shuffled_indices(source, 0):
            batch = read_batch(source, [index])
            if model(batch.images).argmax(dim=1).equal(batch.labels):
                rows += _rows_of(model, batch.images, batch.labels, index)
            if len({row["image"] for row in rows}) == arguments.images:
                break
    table = pd.DataFrame(rows)
    file = arguments.output or project_root() / "data" / "benchmarks" / "fast_deviation.csv"
    table.to_csv(file, index=False, float_format="%.6g")
    file.with_suffix(".json").write_text(json.dumps(header, indent=2) + "\n")
    difference = (table["fast"] - table["exact"]).groupby(table["complexity"])
    print(difference.describe(percentiles=[0.025, 0.975]).round(4).to_string())
    print(f"written: {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20, help="correctly classified ones (20)")
    parser.add_argument("--output", type=Path, help="CSV file (data/benchmarks/fast_deviation.csv)")
    return parser.parse_args()


def _rows_of(
    model: torch.nn.Module, image: torch.Tensor, label: torch.Tensor, index: int
) -> list[dict[str, object]]:
    """A row per method and complexity: the area under the image's own SIC in both modes."""
    rows: list[dict[str, object]] = []
    for method, settings in METHODS.items():
        maps = saliency(create(method, **settings)(model, image, label))
        points = {
            mode: information_points(
                model, image, maps, label, seeds=[image_seed(0, index)], mode=mode
            )
            for mode in MODES
        }
        for complexity in COMPLEXITIES:
            areas = {
                mode: float(
                    image_areas(information_curves(getattr(found, complexity), found.probability))[
                        0
                    ]
                )
                for mode, found in points.items()
            }
            rows.append({"image": index, "method": method, "complexity": complexity, **areas})
    return rows


if __name__ == "__main__":
    main()
