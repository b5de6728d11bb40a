# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Two claims under all settings
#
# **Claims IDGI-INS and IDGI-STEPS** (IDGI study, Table 1, Table 4). Does the IDGI rule raise the insertion score,
# and does its score depend more on the number of steps?
#
# *In plain words.* The answer can depend on choices that the text leaves open, or that the authors' code makes
# otherwise than the text:
#
# - *Start.* The insertion score begins with a black picture and adds 5 % of the pixels at a time, as in the
#   released code, or with a blurred one. The text names neither.
# - *Order.* Pixels are added by the sum of the map over the colour channels with its sign, as released, or by the
#   sum of magnitudes. The text names neither. With signs, pixels that speak against the class come last.
# - *Points.* The path goes to the image, as printed, or ends before it, as in the released code.
# - *Guided IG* has the parameters of its authors, as the text says, or those of the released code.
#
# - *Change* of a score with the number of steps: with its sign, or its size. (The paper has no Guided IG there.)
#
# Each claim's own test is run under every combination: sixteen for either. A comparison of fewer than 20 images is
# undecided. {doc}`What the released code does </book/generated/released-idgi>` has the lines.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (a sample of ImageNet) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
paths: tuple[str, ...] | None = None  # ig, gig, blurig (default: all)
steps: tuple[int, ...] | None = None  # parts of 128 points (default: the profile's)
seed: int | None = None  # order of the images and of ties (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.notebook.runs import chosen_parameters, kept_rows
from saliency_audit.report.notebook.settings import (
    curve_figures,
    curves_by_run,
    settings_tables,
    share_text,
    with_recorded,
)

experiment = study.get_experiment("idgi_settings")
overrides = chosen_parameters(experiment, globals())
insertion, sensitivity = (ledger.load_claims()[name] for name in ("IDGI-INS", "IDGI-STEPS"))
rows, kept = kept_rows(experiment, profile, overrides)
runs = with_recorded("idgi_settings", rows, profile, kept)
curves = {claim.id: curves_by_run(claim, runs) for claim in (insertion, sensitivity)}

# %% [markdown]
# ## Does IDGI raise the insertion score?
#
# Each column is a setting; the dot is the mean difference IDGI − base over the images, the line its 95 % interval.
# Columns are sorted by the estimate; the ring is the main setting. The marks below say which options the setting has.
# The recorded run on photographs comes first.

# %% tags=["remove-input"]
HTML(curve_figures(curves["IDGI-INS"]))

# %% tags=["remove-input"]
HTML(settings_tables(curves["IDGI-INS"]))

# %% [markdown]
# ## Does the score depend more on the number of steps?
#
# Change of the mean score from the fewest to the most steps, IDGI − base.

# %% tags=["remove-input"]
HTML(curve_figures(curves["IDGI-STEPS"]))

# %% tags=["remove-input"]
HTML(settings_tables(curves["IDGI-STEPS"]))

# %% [markdown]
# ## In how many settings does each claim hold?
#
# The verdict of IDGI-INS rests on the main setting of these rows. That of IDGI-STEPS rests on the rows of
# {doc}`another notebook </notebooks/idgi_steps>`, which has more scores, with a blurred start. What follows says how
# far either depends on that.

# %% tags=["remove-input"]
Markdown(share_text(curves))
