"""How long it takes to train a mask generator: processor time by stage."""

from collections.abc import Mapping, Sequence

import pandas as pd

from saliency_audit.ledger.summaries.means import mean_with_interval
from saliency_audit.report.names import method_name, network, on_two_lines
from saliency_audit.report.notebook.tables import text_table
from saliency_audit.report.words import duration, estimate
from saliency_audit.study.experiments.dre_scores import ScoreParameters


def training_table(
    sources: Mapping[str, pd.DataFrame], settings: Mapping[str, ScoreParameters]
) -> pd.DataFrame:
    """Seconds of processor time for 1,000 pictures and one pass, stage by stage.

    Args:
        sources: rows of `dre_training` by where they come from.
        settings: of `dre_scores`, by the network whose estimators it trains.

    Returns:
        A line per network, method and source, which form the index. Means over the repeats, with
        95 % bootstrap intervals; and how long the training of that setting takes at this rate.
    """
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, rows in sources.items():
        each = 1000 * rows["seconds"] / (rows["pictures"] * rows["passes"])
        for (model, method), group in each.groupby([rows["model"], rows["method"]], sort=False):
            stages = {
                str(stage): mean_with_interval(values)
                for stage, values in group.groupby(rows["stage"])
            }
            mine = rows.loc[group.index]
            line = network(str(model)), method_name(str(method)), on_two_lines(source)
            lines[line] = {
                "side": str(mine["side"].iloc[0]),
                "filter, s": estimate(stages["filter"]),
                "masks, s": estimate(stages["masks"]),
                "n": str(mine["repeat"].nunique()),
                "this study's training": "—",
            }
            filters, masks = stages["filter"], stages["masks"]
            if (setting := settings.get(str(model))) and filters and masks:
                passes = setting.filter_epochs * filters.value + setting.epochs * masks.value
                lines[line]["this study's training"] = (
                    f"{setting.n_train:,} pictures, {setting.filter_epochs} + {setting.epochs} "
                    f"passes: {duration(setting.n_train / 1000 * passes)}"
                )
    return text_table(lines, ["network", "method", "source"])


def trained_on(settings: Mapping[str, Sequence[ScoreParameters]]) -> pd.DataFrame:
    """How much the estimators behind the scores were trained.

    Args:
        settings: of `dre_scores`, by the profile.

    Returns:
        A line per network and profile, which form the index.
    """
    lines = {
        (network(model), profile): {
            "pictures": f"{setting.n_train:,}",
            "passes for the spatial filter": str(setting.filter_epochs),
            "passes for the masks": str(setting.epochs),
        }
        for profile, of_profile in settings.items()
        for setting in of_profile
        for model in setting.models
    }
    return text_table(lines, ["network", "profile"])
