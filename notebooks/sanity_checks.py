# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which methods pass which check
#
# The papers test the methods that they propose. Here every method of the library meets every sanity check,
# with intervals and with its cost. It is no claim of any paper and decides no verdict. What the claims about
# GGIG declare (level of noise, margin of the score, agreement, number of images) holds here too and is read
# from them.
#
# *In plain words.* A map that is to explain a network must have to do with the network. So the network is
# spoilt and the map should change:
#
# - **noise**: every weight gets noise as large as the spread of its layer (the σ-perturbation of the GGIG
#   paper);
# - **last layer random**: the layer that names the classes is re-initialised (the first step of the cascade of
#   Adebayo et al.);
# - **one layer random**: each layer in turn, all others trained.
#
# *How alike two maps are* is Spearman's correlation ρ of their magnitudes: 1 where they order the pixels
# alike. Maps of unrelated networks are not at 0. A map that is a product with the picture has the picture
# in it, whatever the network: on the digits such maps of a trained and an untrained network order the
# pixels almost alike. So every method has a *floor* of its own, the ρ of its maps and those of unrelated
# networks on the same images: networks with all layers re-initialised (noise), or the end of the cascade, where
# all layers are random too. What counts is *what is kept beyond the floor*, (ρ − floor) / (1 − floor): 1 for
# a map that stays as it was, 0 for one that is like an unrelated network's. The limit is ½, halfway between
# the floor and 1. All layers random is no question of its own: it is the floor.
#
# *Three cases without an answer.* **Cannot tell**: the floor is above 0.9, and too little is left for a map
# to change in; either the method does not look at the network or the measure does not see it. **Does not
# apply**: under noise the mean score of the class, with its interval, has not come near 1/C (C classes);
# where the network has not forgotten, its maps need not change. The score and 1/C stand in the cell. (So it
# is for all methods on small pictures: noise as large as the weights is not enough there. On MobileNetV2 it is,
# where the reference run has GGIG, the controls and what costs no more than IG.) **No
# floor recorded**: the value stands alone.
#
# A map that is to explain a picture should point at what the network looks at, and not depend on what the
# user happened to choose:
#
# - **background**: the object stands before a black and white checkerboard; the share of the map on the
#   board over the board's share of the area, 1 if the map were the same everywhere. The limit is ½. Shares
#   and areas are summed over the images before they are divided: where a box leaves only a narrow edge of
#   background, the ratio of the single image says little and may be huge. No image is left out for it;
# - **baseline**: maps of the same picture that begin at a black and at a white picture. They must agree
#   as much as {doc}`the claim on baselines <ggig_product>` asks for.
#
# A method passes where its whole 95 % interval over images lies on the right side of the limit, fails where
# it lies on the wrong one. (Over images: the interval tells about these spoiled networks. The claims' own tests
# resample the networks too.) *Undecided* are also methods with too few images, or without a value for more
# than half of them (constant maps, which have no order). An image keeps the mean of its pairs of maps that have
# a correlation; the share of pairs without one stands in the cell.
#
# *Two controls.* Edges of the picture know no network: their floor is 1, and no check of the network can
# tell. Random maps are others for every network and show what an interval around nothing looks like.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference or paper
seed: int | None = None  # order of the images, noise, masks (default: the profiles')

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML

from saliency_audit import ledger, study
from saliency_audit.ledger.sanity_checks import SANITY_CHECKS, answers, declared_parameters
from saliency_audit.report.figures.sanity_checks import sanity_table, seconds_table, show_sanity
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import chosen_parameters

experiments = {check.experiment: study.get_experiment(check.experiment) for check in SANITY_CHECKS}
rows = {
    name: study.compute(experiment, profile, chosen_parameters(experiment, {"seed": seed}))
    for name, experiment in experiments.items()
}
counted = study.get_experiment("method_cost")
costs = study.compute(counted, profile)
recorded = {
    name: found
    for name in experiments
    if not isinstance(found := ledger.experiment_rows(name, "reference"), str)
}

# %% tags=["remove-input"]
declared = declared_parameters()
noise, agreement = declared["GG-SIGMA"], declared["GG-PRODUCT"]["agreement"]
HTML(
    f"<p>From the claims: noise of {noise['level']:g} σ, a score within {noise['score_margin']:g} of 1/C, "
    f"an agreement above {agreement:g}, at least {noise['images_per_comparison']} images.</p>"
)

# %% [markdown]
# ## On this machine
#
# A mark per network; where a panel has several, the networks stand below each other. Without a mark: what
# has no floor, or one that is too high. Hollow: what does not apply.

# %% mystnb={"image": {"alt": "A panel per sanity check, a line per method: the mean over the images with its interval, and the limit as a dashed line"}}
found = answers(rows)
figure = show_sanity(found)

# %% [markdown]
# In numbers, network by network: passes through the network for one map at the settings of the papers (more
# below; in the checks {doc}`GGIG climbs less <ggig_climb>`); what was found; the value of the panel with its interval; ρ of the maps and the floor; n images.
# A dash where a method has no baseline to change, or was not run.

# %% tags=["remove-input"]
HTML(as_html(sanity_table(found, costs), kept_levels=1))

# %% [markdown]
# ## In the recorded reference runs
#
# With the methods and networks that each experiment was recorded with; passes from the recorded run of the
# costs, or as on this machine where there is none.

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same panels for the recorded reference runs"}}
of_reference = answers(recorded)
if of_reference:
    figure = show_sanity(of_reference)
else:
    print("No reference run of these experiments is recorded yet.")

# %% tags=["remove-input"]
of_run = ledger.experiment_rows("method_cost", "reference")
if of_reference:
    table = sanity_table(of_reference, costs if isinstance(of_run, str) else of_run)
    display(HTML(as_html(table, kept_levels=1)))  # noqa: F821 (IPython's)

# %% [markdown]
# ## What a map costs
#
# Pictures that go forward and backward through the network for one map at the settings of the papers (51
# points, 200 ascents, 1,000 masks), counted, and the time of a map in units of the time of one gradient.

# %% tags=["remove-input"]
HTML(as_html(seconds_table(costs), kept_levels=1))

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"]
HTML(
    f"<p>{of_run}</p>" if isinstance(of_run, str) else as_html(seconds_table(of_run), kept_levels=1)
)
