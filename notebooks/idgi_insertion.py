# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # IDGI and the insertion score
#
# **Claim IDGI-INS** (IDGI study, Table 1 and §4.2). At 128 steps the IDGI rule raises the
# insertion score of Integrated Gradients and of Guided IG on all ten networks, and that of Blur IG
# on all but three, whose scores it lowers.
#
# *In plain words.* A saliency map ranks pixels. Start from a black picture and uncover its pixels
# in that order: the better the ranking, the sooner the network recognises the picture. The
# insertion score is the area under that curve, of the class probability or of its ratio to the
# probability of the whole picture.
#
# A path method walks from a picture without information to the input and collects gradients on the
# way. Integrated Gradients (IG) goes straight from black; Guided IG starts from black too, but moves
# the pixels first to which the score reacts least; Blur IG starts from a blurred picture and sharpens
# it. The plain rule adds up gradient times step. IDGI keeps the same points and the same gradients,
# but distributes each step's *actual change of the class score* over the pixels in proportion to
# their squared gradient. This notebook asks, image by image, whether that raises the score.
#
# Both maps of a path come from one walk along it, so they differ in the rule alone.
#
# *Which insertion score.* The text does not say where the curve starts, nor how the three channels of a map give one
# rank per pixel. By the rule of this project the authors' code then decides: a black picture, 5 % of the pixels at a
# time, and the signed sum over the channels. {doc}`Every other setting </notebooks/idgi_settings>` has a notebook of
# its own; the answer depends on it.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
steps: int | None = None  # points on the path, a divisor of 128 (default: the claim's 128)
seed: int | None = None  # order of the images and of ties (default: the profile's)
shown: int = 5  # images in the picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import IDGI, Riemann, saliency, walk
from saliency_audit.report.figures.idgi.comparisons import comparison_table
from saliency_audit.report.figures.idgi.insertion import show_paired_differences
from saliency_audit.report.figures.idgi.printed_scores import steps_of
from saliency_audit.report.figures.maps import show_maps
from saliency_audit.report.names import PATH_NAMES
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import (
    both_runs,
    chosen_parameters,
    kept_rows,
    show_recorded,
)
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.paths import study_path
from saliency_audit.study.selection import images_of, select

claim = ledger.load_claims()["IDGI-INS"]
declared = steps_of(claim)
experiment = study.get_experiment("idgi_settings")
overrides = chosen_parameters(experiment, globals())
if steps is not None:
    overrides["steps"] = (steps,)
parameters = experiment.configure(profile, overrides)[-1]
every_setting, kept = kept_rows(experiment, profile, overrides)
rows = ledger.main_rows(claim, every_setting)
recorded = ledger.recorded_rows(claim, "reference")

# %% [markdown]
# ## What the maps look like
#
# The first images that the network classifies correctly, and their maps by six methods. Every map is
# scaled to its own 99th percentile: compare shapes, not magnitudes.

# %% mystnb={"image": {"alt": "Input images in the first row; below, their maps by IG, Guided IG and Blur IG, each without and with IDGI."}}
name = parameters.models[-1]
chosen = select(name, images_of(name, parameters.images), parameters.seed, 0, 4 * shown)
pictures, targets = chosen.pictures[:shown], chosen.targets[:shown]
maps = {}
for path, title in PATH_NAMES.items():
    base, idgi = walk(
        chosen.model,
        pictures,
        targets,
        path=study_path(path, max(parameters.steps), pictures.shape[-1]),
        rules=[Riemann(), IDGI()],
    )
    maps |= {title: saliency(base), f"{title}\n+IDGI": saliency(idgi)}
figure = show_maps(pictures, maps, [f"class {int(target)}" for target in targets], size=1.1)

# %% [markdown]
# ## The paired differences
#
# One value per image: insertion score of the map with IDGI minus that of the map without. Images in
# the blue part gain by IDGI, those in the orange part lose; the dashed line is the mean.

# %% mystnb={"image": {"alt": "Sorted per-image differences of the insertion score, IDGI minus base: a row of panels per network, a column per path, with the mean as a dashed line"}}
figure = show_paired_differences(rows, "probability", declared, name="insertion score")

# %% [markdown]
# The same for the recorded reference run, real photographs and pretrained networks:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Sorted per-image differences of the insertion score in the recorded reference run: a row of panels per network, a column per path, with the mean as a dashed line"}}
show_recorded(recorded, show_paired_differences, "probability", declared, "insertion score")

# %% [markdown]
# ## Paper, recorded run, this machine
#
# Three sources that must not be confused: what the *paper* prints (its ImageNet validation images and
# torchvision's weights), what our *recorded* reference run found (a sample of one image per ImageNet
# class, public weights of the same architecture), and what *this execution* of the notebook found with
# its own parameters. The difference is the mean over images of IDGI − base, with its 95 % bootstrap
# interval; *claim* is the side that the claim states. The paper's numbers rest on 33K to 39K images per
# network; it prints no intervals.
#
# The *levels* are comparable with care. Our weights are public conversions of quantised networks
# (`saliency-audit data list` names their sources), the paper's are torchvision's. The sample's pictures
# probably belong to ImageNet's training split. And SqueezeNet is not one of the paper's networks, so its rows
# can only test whether the claim generalises. What the claim is about, and what the test decides on, is the
# sign of the paired difference. The claim's page repeats every difference at 8 steps.

# %% tags=["remove-input"]
audit = ledger.audit_claim("IDGI-INS")
runs = both_runs(audit, every_setting, kept)
HTML(as_html(comparison_table(claim, runs)))

# %% [markdown]
# On more images there are scores of another setting: from a blurred picture, pixels in the order of summed magnitudes.
# Every curve then starts higher, since a network partly recognises the blurred picture. This decides nothing:

# %% tags=["remove-input"]
blurred = ledger.experiment_rows("idgi_scores", "reference")
runs_from_blur = {} if isinstance(blurred, str) else {"recorded": ledger.evaluate(claim, blurred)}
HTML(as_html(comparison_table(claim, runs_from_blur)) if runs_from_blur else str(blurred))

# %% [markdown]
# ## Verdict
#
# The rule was written into the ledger before the rows were computed; changes since then are listed
# below it:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs[kept], profile))
