"""Masks trained in either mode, side by side."""

import pandas as pd

from saliency_audit.report.figures.dre.batch_norm import batch_norm_table


def test_modes_are_compared_training_by_training():
    gains = {0: 0.1, 1: 0.3}
    rows = pd.DataFrame(
        [
            ("normed_shapes_cnn", mode, seed, image, level, level, float(mode == "evaluation"))
            for seed, gain in gains.items()
            for mode, more in (("evaluation", 0.0), ("batch", gain))
            for image in range(4)
            for level in (0.5 + more + 0.01 * image,)
        ],
        columns=[
            *("model", "batch_norm", "train_seed", "image"),
            *("faithfulness", "explainability", "correct_after"),
        ],
    )
    rows = rows.sample(frac=1, random_state=0)
    table = batch_norm_table({"recorded": rows}).xs("recorded", level="source")
    table = table.xs("small CNN with batch normalisation on shapes")
    mean, spread = table.loc["difference", "M_E"].split("<br>")
    assert mean.startswith("20.0")
    assert spread == "10.0 to 30.0"
    assert table.loc["evaluation mode", "accuracy after training"].startswith("100")
    assert table.loc["training mode, as released", "accuracy after training"].startswith("0")
    assert table["trainings"].tolist() == ["2"] * 3
    assert table["n"].tolist() == ["4"] * 3


def test_nothing_recorded_is_an_empty_table():
    assert batch_norm_table({}).empty
