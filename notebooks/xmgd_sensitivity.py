# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How much of XMGD is a choice?
#
# **Beyond the paper.** The paper gives the levels of XMGD and leaves the rest open: how many Gaussians, which b, which
# filters, which start of EM. Here one choice at a time is changed, and the same maps are compared again.
#
# *In plain words.* Two things can happen. All distances may grow or shrink alike, which does no harm as long as nobody
# compares numbers of two studies. Or their order may change, and with it what is said of the methods. Four methods have
# six distances, and these have fifteen differences. Those that the images decide should be decided the same way
# whatever was chosen.
#
# *How it was made.* Single maps, not averaged ones, so that each image is a case of its own. A difference is decided
# by the Wilcoxon signed-rank test of the images, two-sided, after Holm's correction for fifteen.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (MesoNet on photographs) or paper
models: tuple[str, ...] | None = None  # networks (default: the profile's)
images: str | None = None  # image set (default: each network's own, or the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # three methods or more (default: the paper's four)
steps: int | None = None  # points of IG (default: 32)
side: int | None = None  # of the maps in pixels (default: the profile's)
components: int | None = None  # Gaussians where nothing is changed (default: the profile's)
width: float | None = None  # b where nothing is changed; 0 for the saliency itself (default: 0.05)
other_components: tuple[int, ...] | None = None  # Gaussians instead (default: the profile's)
other_widths: tuple[float, ...] | None = None  # b instead (default: 0, 0.01, 0.1)
other_levels: tuple[int, ...] | None = None  # side of the largest filter instead (default: 1, 3, 9)
other_windows: tuple[str, ...] | None = None  # kinds of filters instead (default: gaussian)
other_seeds: tuple[int, ...] | None = None  # of EM instead (default: the profile's)
seed: int | None = None  # order of the images, EM (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML

from saliency_audit import ledger, study
from saliency_audit.report.figures.xmgd.sensitivity import sensitivity_table, show_sensitivity
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import chosen_parameters, show_recorded, sources

experiment = study.get_experiment("xmgd_sensitivity")

# %% [markdown]
# ## What each choice does
#
# On the left XMGD as a multiple of what it is with nothing changed. On the right the differences that were decided:
# blue stay so, grey are undecided, orange turn round.

# %% mystnb={"image": {"alt": "For every changed choice, how many times as large XMGD is, and a bar of the decided differences that stay decided, become undecided or turn"}}
rows = study.compute(experiment, profile, chosen_parameters(experiment, globals()))
figure = show_sensitivity(rows)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for MesoNet's detectors in the recorded reference run"}}
recorded = ledger.experiment_rows("xmgd_sensitivity", "reference")
show_recorded(recorded, show_sensitivity)

# %% tags=["remove-input"]
HTML(as_html(sensitivity_table(sources(recorded, rows))))
