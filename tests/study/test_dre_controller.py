"""The experiments on the DRE controller: what their rows mean, and what cannot be asked for."""

import numpy as np
import pytest
import torch
from scipy import stats

from saliency_audit import study
from saliency_audit.attributions.controlled_scores import ControlledScores, normal_scores
from saliency_audit.metrics import pearson_skewness
from saliency_audit.study import ParameterError
from saliency_audit.study.experiments import dre_density, dre_monotony
from saliency_audit.study.experiments.dre_density import kolmogorov_distance
from saliency_audit.study.order_measures import upsampled
from saliency_audit.study.score_maps import mixture


def rows_of(name, **given):
    experiment = study.get_experiment(name)
    tasks = experiment.tasks(experiment.configure("embedded", given))
    return [experiment.compute(task).rows for task in tasks]


def test_distance_is_that_of_scipy():
    expected = ControlledScores(normal_scores(), 1.5, 2.5)
    scores = np.random.default_rng(0).random(500)
    found = kolmogorov_distance(scores, expected)
    assert found == pytest.approx(stats.kstest(scores, expected.share_below).statistic)
    assert kolmogorov_distance(scores.astype(np.float32), expected) == pytest.approx(found)


def test_density_rows_have_the_shares_of_the_closed_form():
    (rows,) = rows_of("dre_density", eta=2.5, h=2.5, draws=2, maps=200)
    assert rows["draw"].tolist() == [0, 1]
    assert rows["ks_distance"].nunique() == 2
    assert (rows["scores"] == 200 * 56**2).all()
    expected = ControlledScores(normal_scores(), 2.5, 2.5)
    assert rows["ks_distance"].max() < 0.003
    for row in rows.itertuples():
        assert row.above_half == pytest.approx(expected.share_between(0.5, 1), abs=2e-3)
        assert row.middle_third == pytest.approx(expected.share_between(1 / 3, 2 / 3), abs=2e-3)
        assert row.upper_third == pytest.approx(expected.share_between(2 / 3, 1), abs=2e-3)
        assert row.pearson_skewness == pytest.approx(expected.skewness, abs=0.01)


def test_a_wrong_controller_is_far_from_the_closed_form(monkeypatch):
    class Released(dre_density.DistributionController):
        """A controller that adds a little to every variance, as if maps had little contrast."""

        def __init__(self, eta, h):
            super().__init__(eta, h, eps=0.1)

    monkeypatch.setattr(dre_density, "DistributionController", Released)
    (rows,) = rows_of("dre_density", eta=1.5, h=2.5, draws=2, maps=200)
    assert rows["ks_distance"].min() > 0.01


def test_settings_are_pairs_and_a_single_value_goes_with_all():
    parameters = dre_density.Parameters
    assert parameters(eta=(0.5, 2.5), h=(2.0,)).settings == [(0.5, 2.0), (2.5, 2.0)]
    assert parameters(eta=(2.0,), h=(1.5,)).settings == [(2.0, 1.5)]
    assert len(parameters().settings) == 5
    assert len(parameters(eta=(2.0,)).settings) == 3  # h = 2.5 stands in the list three times
    settings = [
        rows[["eta", "h"]].iloc[0].tolist()
        for rows in rows_of("dre_density", eta=(1.5, 2.5), h=2.5, draws=1, maps=2, side=8)
    ]
    assert settings == [[1.5, 2.5], [2.5, 2.5]]


def test_skewness_rows_are_paired_per_map():
    (rows,) = rows_of("dre_skewness", shapes=(-20.0,), means=(8.0,), shares=(0.3,), maps=3)
    assert len(rows) == 3 * 3 * 2
    table = rows.pivot(index=["distribution", "map"], columns="method", values="pearson_skewness")
    assert (table["after"] > table["before"]).all()
    mine = mixture(8.0, 0.3)
    before = pearson_skewness(mine.maps(3, 56, 0)[:, 0])
    assert table.loc[mine.name, "before"].tolist() == pytest.approx(before.tolist())
    expected = ControlledScores(mine.law)
    assert table.loc[mine.name, "after"].mean() == pytest.approx(expected.skewness, abs=0.05)
    after = rows[(rows["distribution"] == mine.name) & (rows["method"] == "after")]
    assert after["above_half"].mean() == pytest.approx(expected.share_between(0.5, 1), abs=0.02)
    assert rows[rows["method"] == "before"]["above_half"].isna().all()


def test_a_left_skewed_controller_lowers_the_skewness():
    (rows,) = rows_of("dre_skewness", h=0.4, shapes=(2.0,), means=(2.0,), shares=(0.5,), maps=3)
    table = rows.pivot(index=["distribution", "map"], columns="method", values="pearson_skewness")
    assert (table["after"] < table["before"]).all()


def test_the_controller_keeps_the_order_and_the_square_does_not():
    (rows,) = rows_of("dre_monotony", maps=3, trained=())
    assert rows["map"].nunique() == 4 * 3
    assert rows["faithfulness"].isna().all()
    by_method = dict(iter(rows.groupby("method")))
    # neighbours in float32 may become equal, which costs 1e-11
    assert by_method["controller"]["spearman"].min() > 1 - 1e-9
    assert (by_method["controller"]["top_quarter"] == 1).all()
    assert by_method["controller"]["spearman_upsampled"].max() < 1
    assert by_method["square"]["spearman"].max() < 0.1
    raw = by_method["square, not normalised"].set_index("distribution")["spearman"]
    assert raw["uniform"].min() > 1 - 1e-12  # no score below 0: nothing folds


def test_rank_correlation_is_that_of_scipy():
    (rows,) = rows_of("dre_monotony", maps=1, trained=())
    for scores in dre_monotony.distributions():
        map_ = scores.maps(1, 56, 0)
        mine = rows[rows["distribution"] == scores.name].set_index("method")
        for method, mapping in dre_monotony.mappings(1.5, 2.5).items():
            expected = stats.spearmanr(map_.ravel(), mapping(map_).ravel()).statistic
            assert mine.loc[method, "spearman"] == pytest.approx(expected, abs=1e-6)


def test_upsampling_is_that_of_masks():
    maps = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    found = upsampled(maps, (16, 16))
    assert found.shape == (2, 16, 16)
    torch.testing.assert_close(found.mean(), maps.mean(), atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("dre_density", {"eta": (1.0, 2.0, 3.0)}, "eta and h need as many values .* got 3 and 5"),
        ("dre_density", {"eta": (), "h": ()}, "eta and h need as many values"),
        ("dre_density", {"eta": (0.0,)}, "eta must be a finite number > 0, got 0.0"),
        ("dre_density", {"draws": 0}, "draws must be at least 1"),
        ("dre_density", {"maps": 0}, "maps must be at least 1"),
        ("dre_density", {"side": 1}, "side must be at least 2"),
        ("dre_skewness", {"h": -1.0}, "h must be a finite number > 0"),
        ("dre_skewness", {"side": 1}, "side must be at least 2"),
        ("dre_skewness", {"shares": (1.5,)}, r"share in \[0, 1\]"),
        ("dre_skewness", {"shapes": (float("nan"),)}, "shape a must be a finite number"),
        ("dre_monotony", {"eta": float("inf")}, "eta must be a finite number > 0"),
        ("dre_monotony", {"scale": 0}, "scale must be at least 1"),
        ("dre_monotony", {"side": 1}, "side must be at least 2"),
        (
            "dre_monotony",
            {"trained": "lenet"},
            r"unknown classifiers \['lenet'\]; known: digits_cnn",
        ),
        ("dre_monotony", {"n_images": 0}, "n_images must be at least 1"),
        ("dre_monotony", {"train_seeds": ()}, "train_seeds must be whole numbers"),
        ("dre_monotony", {"epochs": 0}, "epochs must be at least 1"),
    ],
)
def test_what_cannot_be_asked_for(name, given, message):
    with pytest.raises(ParameterError, match=message):
        study.get_experiment(name).configure("embedded", given)
