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
# The papers test the methods that they propose. Here every method of the library goes through every sanity
# check, with intervals and with its cost. This is not a claim of any paper and decides no verdict. Level of
# noise, margin of the score, agreement and number of images are those that the claims about GGIG declare.
#
# *In plain words.* A map that explains a network must depend on the network. So the network is changed, and
# the map should change too:
#
# - **noise**: every weight gets noise as large as the spread of its layer (the σ-perturbation of the GGIG
#   paper);
# - **last layer random**: the layer that names the classes is re-initialised (the first step of the cascade of
#   Adebayo et al.);
# - **one layer random**: each layer in turn, all others trained.
#
# *Similarity of two maps* is Spearman's correlation ρ of their magnitudes: 1 if they order the pixels alike.
# Maps of unrelated networks do not have similarity 0. A map that is a product with the picture contains the
# picture, whatever the network: on the digits, such maps of a trained and an untrained network order the
# pixels almost alike. So every method has its own *floor*: the ρ of its maps and those of unrelated networks
# on the same images. Unrelated are networks with all layers re-initialised (noise), or those at the end of the
# cascade, where all layers are random too. The estimate is *what is kept beyond the floor*,
# (ρ − floor) / (1 − floor): 1 for an unchanged map, 0 for one that is like an unrelated network's. The limit is
# ½, halfway between the floor and 1. "All layers random" is not a separate check: it is the floor.
#
# *Three cases without an answer.* **Cannot tell**: the floor is above 0.9, so a change of the map would hardly
# show. Either the method does not depend on the network, or the measure does not see it. **Does not apply**:
# under noise the mean score of the class, with its interval, has not come near 1/C (C classes). If the network
# has not forgotten, its maps need not change. The cell gives the score and 1/C. (This applies to all methods on
# small pictures: noise as large as the weights is not enough there. It is enough on MobileNetV2, where the
# reference run has GGIG, the controls and the methods that cost no more than IG.) **No floor recorded**: only
# the value is given.
#
# A map that explains a picture should point at what the network looks at, and should not depend on an arbitrary
# choice of the user:
#
# - **background**: the object is in front of a black and white checkerboard. The estimate is the share of the
#   map on the board over the board's share of the area; it is 1 if the map is the same everywhere. The limit is
#   ½. Shares and areas are summed over the images before they are divided: where a box leaves only a narrow rim
#   of background, the ratio of a single image says little and may be huge. No image is left out because of it;
# - **baseline**: maps of the same picture that start at a black and at a white picture. They must agree
#   as much as {doc}`the claim on baselines <ggig_product>` asks for.
#
# A method passes if its whole 95 % interval over images lies on the right side of the limit, and fails if it
# lies on the wrong side. (The interval is over images, for these changed networks. The claims' own tests
# resample the networks too.) Methods with too few images, or without a value for more than half of them
# (constant maps, which have no order), are also *undecided*. An image keeps the mean of its pairs of maps that
# have a correlation; the cell gives the share of pairs without one.
#
# *Two controls.* Edges of the picture do not depend on the network: their floor is 1, so no check of the
# network can tell anything about them. Random maps differ for every network and show what an interval around
# nothing looks like.

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
# A mark per network; where a panel has several, the networks are below each other. Methods without a floor, or
# with one that is too high, have no mark. Hollow marks: the check does not apply.

# %% mystnb={"image": {"alt": "A panel per sanity check, a line per method: the mean over the images with its interval, and the limit as a dashed line"}}
found = answers(rows)
figure = show_sanity(found)

# %% [markdown]
# The numbers, network by network: passes through the network for one map at the settings of the papers (more
# below; in the checks {doc}`GGIG climbs less <ggig_climb>`), the answer, the value of the panel with its
# interval, ρ of the maps and the floor, and n images. A dash: the method has no baseline to change, or was not
# run.

# %% tags=["remove-input"]
HTML(as_html(sanity_table(found, costs), kept_levels=1))

# %% [markdown]
# ## In the recorded reference runs
#
# With the methods and networks that each experiment was recorded with. Passes are from the recorded run of the
# costs, or from this machine where there is none.

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
