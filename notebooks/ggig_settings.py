# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Likeness to digits under all settings
#
# **Claim GG-MNIST** (GGIG paper, Table 1). Maps of GGIG are more like the digit that they explain than those of the
# gradient (GRAD) and of Integrated Gradients (IG).
#
# *In plain words.* The answer can depend on choices that the text leaves open, or that the authors' code makes
# otherwise than the text:
#
# - *Scale.* The text scales digit and map from 0 to 1. The code standardises the digit, clips it to ±1 and moves it
#   to 0…1, so that its black ground becomes a grey of .288 and everything brighter than .439 becomes white. It
#   divides the map by its largest value. A map with a raised floor is then more like the digit, whatever it shows.
# - *Sign.* Magnitudes of the maps, probably as in the code, or maps with their sign.
# - *GGIG's maximum* is over gradients with their sign, as printed, or over magnitudes.
#
# More maps stand beside the paper's methods. *GGIG, no ascent* is the largest gradient on the straight line; the
# code computes it, the paper does not show it. *Constant map* is 1 everywhere. *Edges, as released* are the code's own
# edge detector, a mixed second derivative; *Edges* are the usual magnitude of the gradient. {doc}`What the released
# code does </book/generated/released-ggig>` has the lines.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits), reference (MNIST) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mnist_cnn (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
steps: int | None = None  # points on the line, both ends included (default: the profile's)
ascents: int | None = None  # steps of GGIG's climb at each point (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images, random maps (default: the profile's)
sign: str = "absolute"  # maps in the tables: absolute or signed

# %% tags=["remove-input", "remove-output"]
import pandas as pd
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.ggig.mnist import similarity_table
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import chosen_parameters
from saliency_audit.report.notebook.settings import (
    curve_figures,
    curves_by_run,
    settings_tables,
    share_text,
    with_recorded,
)

experiment = study.get_experiment("ggig_settings")
claim = ledger.load_claims()["GG-MNIST"]
rows = study.compute(experiment, profile, chosen_parameters(experiment, globals()))
runs = with_recorded("ggig_settings", rows, profile)
curves = curves_by_run(claim, runs)


def by_scale(found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows by the scale of digit and map, in the words of the table."""
    return {
        "0 to 1": found[found["scaling"] == "unit"],
        "as released": found[found["scaling"] == "released"],
    }


# %% [markdown]
# ## In how many settings does it hold?
#
# Each column is a setting; the dot is the median difference GGIG − rival over the images, the line its 95 % interval.
# Columns are sorted by the estimate; the ring is the main setting. The marks below say which options the setting has.
# The recorded run comes first, if there is one.

# %% tags=["remove-input"]
HTML(curve_figures(curves))

# %% tags=["remove-input"]
HTML(settings_tables(curves))

# %% [markdown]
# ## What a map without a digit scores
#
# Median (standard deviation) over the images. In the scale of the code a constant map scores what its row shows,
# though it has no shape. The paper prints a weighted Jaccard similarity of .21 for GRAD and IG.

# %% tags=["remove-input"]
name, (found, _) = next(iter(runs.items()))
HTML(
    f"<p><strong>{name.capitalize()}</strong></p>\n{as_html(similarity_table(by_scale(found), sign))}"
)

# %% tags=["remove-input"]
Markdown(share_text({claim.id: curves}))
