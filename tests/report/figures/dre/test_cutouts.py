"""The table of all cut-outs."""

import pandas as pd

from saliency_audit.report.figures.dre.cutouts import CHANCE, cutout_table


def test_all_images_count_and_those_the_network_is_sure_of_stand_apart():
    values = {"dre": (0.9, 0.5, 0.1), "gradcam": (0.6, 0.4, 0.2)}
    rows = pd.DataFrame(
        [
            ("shapes_cnn", method, image, sure, 0.25, value, 1.0, 0.1, 0.2, 0.03)
            for method, found in values.items()
            for image, (value, sure) in enumerate(zip(found, (0.9, 0.6, 0.5), strict=True))
        ],
        columns=[
            *("model", "method", "image", "confidence", "area", "explainability", "hit"),
            *("background_mass", "map_area", "total_variation"),
        ],
    )
    table = cutout_table({"recorded": rows}).xs("recorded", level="source")
    table = table.xs("small CNN on shapes")
    assert list(table.index) == ["DRE", "Grad-CAM", CHANCE]
    assert [float(cell.split(" ")[0]) for cell in table["M_E"]] == [50, 40, 25]
    assert [float(cell.split(" ")[0]) for cell in table["M_E, sure"]] == [70, 50, 25]
    assert table["n"].tolist() == ["3"] * 3
    assert table["n, sure"].tolist() == ["2"] * 3
    assert table.loc[CHANCE, "on the object"] == "—"
