# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # IDGI and JPEG compression
#
# **Claim IDGI-JPEG** (IDGI study, Table 5 and §4.5.2). Between the maps of an image and of its JPEG
# copy (quality 75), −log MSE is far higher with the IDGI rule than without it, and Guided IG is the
# least stable of the six methods.
#
# *In plain words.* Light compression changes a picture so little that nobody sees it. A stable method
# should then explain the copy as it explained the original. The study measures the mean squared
# difference (MSE) between the two maps and prints its negative logarithm: the higher, the more stable.
#
# *The catch.* The MSE is measured in units of the map. A map that is ten times smaller has an MSE that
# is a hundred times smaller and gains 2 ln 10 ≈ 4.6 for nothing; a map of zeros would be perfect. And
# IDGI maps are smaller: maps of the plain rule have large credits of both signs, which cancel in the sum. So
# every number is given twice: for the maps as they are, as the paper measures, and for the maps divided by
# their own norm, where size no longer counts.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
steps: int | None = None  # points on the path (default: the profile's)
quality: int | None = None  # JPEG quality, 1 to 95 (default: 75)
seed: int | None = None  # order of the images (default: the profile's)
path: str = "ig"  # path in the picture: ig, gig or blurig

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import IDGI, Riemann, walk
from saliency_audit.metrics import jpeg_copy
from saliency_audit.report.figures.idgi.jpeg import (
    gain_table,
    least_stable_table,
    show_compressed,
    show_stability,
    stability_table,
)
from saliency_audit.report.figures.idgi.jpeg_released import released_table
from saliency_audit.report.names import method_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import (
    both_runs,
    chosen_parameters,
    show_recorded,
    sources,
)
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.paths import study_path
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("idgi_jpeg")
overrides = chosen_parameters(experiment, globals())
(parameters,) = experiment.configure(profile, overrides)
claim = ledger.load_claims()["IDGI-JPEG"]

# %% [markdown]
# ## One picture, its copy and both maps
#
# Each column has one grey scale, so a difference as dark as the maps above it means that they have little in
# common. Between columns, compare shapes only: the maps differ in size.

# %% mystnb={"image": {"alt": "Left: a picture, its JPEG copy and their difference. Beside it: the map of the plain rule and of the IDGI rule for both, and the differences of the maps"}}
network = parameters.models[-1]
chosen = select(network, images_of(network, parameters.images), parameters.seed, 0, 20)
picture, target = chosen.pictures[:1], chosen.targets[:1]
copy = jpeg_copy(picture, parameters.quality)
original_maps, copy_maps = (
    walk(
        chosen.model,
        pixels,
        target,
        path=study_path(path, parameters.steps, picture.shape[-1]),
        rules=[Riemann(), IDGI()],
    )
    for pixels in (picture, copy)
)
base, idgi = method_name(path), method_name(f"{path}+idgi")
maps = {
    base: (original_maps[0], copy_maps[0]),
    idgi: (original_maps[1], copy_maps[1]),
}
figure = show_compressed(picture, copy, maps)

# %% [markdown]
# Now both maps of the plain rule are divided by ten. Their shapes and everything else that a reader sees are
# unchanged, yet −ln MSE rises by 4.6 for the maps as they are. For the maps divided by their norm it does not
# change.

# %%
tenth = {f"{base}, a tenth of it": tuple(part / 10 for part in maps[base])}
HTML(as_html(stability_table({**maps, **tenth})))

# %% [markdown]
# ## All images, both scales
#
# A square is the mean of the base method, a circle that of its IDGI variant; the line between them is
# the gain. Small dots are images, whiskers 95 % bootstrap intervals. The two panels of a network span
# the same range, so their lines can be compared: what a line loses from left to right is due to the
# smaller size of IDGI's maps. On the right, two unrelated maps of D values score about
# ln D − ln 2: 3.5 for the digits, 8.7 for the shapes, 11.2 for colour photographs of 224 × 224 pixels.

# %% mystnb={"image": {"alt": "Mean stability of the six methods per network: on the left for the maps as they are, on the right for the maps divided by their norm; a line joins each base method to its IDGI variant"}}
rows = study.compute(experiment, profile, overrides)
figure = show_stability(rows)

# %% [markdown]
# The same for the recorded reference run, real photographs and pretrained networks:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same in the recorded reference run: mean stability of the six methods per network on both scales"}}
recorded = ledger.recorded_rows(claim, "reference")
show_recorded(recorded, show_stability)

# %% [markdown]
# ## Paper, recorded run, this machine
#
# The *paper* prints one network, InceptionV3 on the ImageNet validation images that it classifies
# correctly, for the maps as they are and without an interval. Our *recorded* run and *this execution* show
# other networks and images. The levels of −ln MSE depend on the size of the maps and are not comparable
# across sources; the signs of the differences are. Means over images with 95 % bootstrap intervals, IDGI
# variant minus base.

# %% tags=["remove-input"]
audit = ledger.audit_claim("IDGI-JPEG")
runs = both_runs(audit, rows)
HTML(as_html(gain_table(runs)))

# %% [markdown]
# Is Guided IG the least stable? Guided IG minus each of the others; the claim expects a negative
# difference.

# %% tags=["remove-input"]
HTML(as_html(least_stable_table(runs)))

# %% [markdown]
# ## As in the released code: maps divided by their sum
#
# The study's code divides each map by its own sum, with signs, and takes one mean over the pixels of all images before
# the logarithm. The sum of an IDGI map is the change of the score along its path. In maps of the plain rules, and above
# all of Guided IG, credits of both signs can cancel: the map is then divided by almost nothing, and one such image can
# make the number of its method. A map *cancels* here if less than 5 % of its credits are left, |sum| / sum of
# magnitudes. The last columns show what is left of the finding without these images.

# %% tags=["remove-input"]
HTML(as_html(released_table(sources(recorded, rows))))

# %% [markdown]
# ## Verdict
#
# The rule was written into the ledger before the rows were computed; changes since then are listed
# below it. The maps as they are decide, as in the paper; maps divided by their norm are shown too.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
