"""Tables of what training costs, and of accuracy by side."""

import pandas as pd

from saliency_audit.report.figures.dre.sides import side_table
from saliency_audit.report.figures.dre.training import trained_on, training_table
from saliency_audit.report.names import network
from saliency_audit.study import get_experiment
from saliency_audit.study.experiments.dre_scores import ScoreParameters


def test_seconds_are_per_thousand_pictures_and_pass():
    rows = pd.DataFrame(
        [
            ("shapes_cnn", "dre", stage, repeat, 200, 64, passes, seconds)
            for stage, passes, seconds in (("filter", 2, 4.0), ("masks", 1, 6.0))
            for repeat in range(3)
        ],
        columns=[
            *("model", "method", "stage", "repeat", "pictures", "side", "passes", "seconds"),
        ],
    )
    setting = ScoreParameters(n_train=2000, filter_epochs=5, epochs=3)
    table = training_table({"recorded": rows}, {"shapes_cnn": setting})
    assert table.loc[("small CNN on shapes", "DRE", "recorded")].tolist() == [
        *("64", "10.000", "30.000", "3"),
        # 2 · (5 · 10 + 3 · 30) seconds
        "2,000 pictures, 5 + 3 passes: 5 min",
    ]
    without = training_table({"recorded": rows}, {})
    assert without["this study's training"].tolist() == ["—"]


def test_accuracy_is_in_percent_with_a_column_per_side():
    rows = pd.DataFrame(
        [
            ("mobilenet_v2_tiny200", "tiny200_val", side, image, int(image < right))
            for side, right in ((128, 8), (64, 4))
            for image in range(10)
        ],
        columns=["model", "images", "side", "image", "correct"],
    )
    table = side_table({"recorded": rows})
    assert list(table.columns) == ["64 px", "128 px"]
    (place,) = table.index
    assert place == ("MobileNetV2 on 200 classes", "Tiny ImageNet", "10", "recorded")
    assert [cell.split("<br>")[0] for cell in table.iloc[0]] == ["40.00", "80.00"]


def test_every_network_of_every_profile_says_what_it_was_trained_on():
    experiment = get_experiment("dre_scores")
    settings = {name: experiment.configure(name) for name in ("embedded", "reference")}
    table = trained_on(settings)
    assert len(table) == 1 + 3
    line = table.loc[(network("mobilenet_v2_tiny200"), "reference")]
    (setting,) = experiment.configure("reference", {"setting": "MobileNetV2"})
    assert line["pictures"] == f"{setting.n_train:,}"
    assert line["passes for the spatial filter"] == str(setting.filter_epochs)
    assert line["passes for the masks"] == str(setting.epochs)


def test_nothing_recorded_is_an_empty_table():
    assert side_table({}).empty
    assert training_table({}, {}).empty
