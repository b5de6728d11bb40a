# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A relevance estimator for your own classifier
#
# DRE needs a mask generator that is trained once for each classifier. This page trains one for the small network
# that tells shapes apart; with another model and another folder of pictures the lines stay the same.
#
# *What you need.* A model that maps pictures `(N, 3, H, W)` in [0, 1] to logits, with its normalisation inside, and pictures of one size. Labels are not needed: a picture's class is what the model predicts. The
# paper trains on 1.2 million pictures in ten passes, on a GPU; here 1,500 pictures in three passes give a
# rough estimator in seconds.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference or paper: those of dre_scores
setting: str | None = None  # of the profile's settings (default: the first)
models: tuple[str, ...] | None = None  # classifier of the catalogue (default: the profile's first)
n_train: int | None = None  # pictures that masks are trained on (default: the profile's)
epochs: int | None = None  # passes over them (default: the profile's)
filter_epochs: int | None = None  # passes for the spatial filter before (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from pathlib import Path
from tempfile import mkdtemp

from IPython.display import HTML

from saliency_audit import study
from saliency_audit.report.figures.dre.pyramids import pyramid_table
from saliency_audit.report.figures.dre.sides import side_table
from saliency_audit.report.figures.dre.training import training_table
from saliency_audit.report.figures.maps import show_regions
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import chosen_parameters, recorded_at
from saliency_audit.study.estimators import training_pictures
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("dre_scores")
trainings = study.get_experiment("dre_training")
sides = study.get_experiment("dre_sides")
chosen = experiment.configure(profile, chosen_parameters(experiment, globals()))[0]
name = chosen.models[0]

# %% [markdown]
# ## Train it
#
# `find_pyramid` names the layers whose feature maps the generator reads: each has maps half as large as those
# before. The model is frozen and stays as it is. The loss of the first stage, the filter, is a difference of two
# means and falls from 0 to at most −½; that of the second is the cross-entropy of the masked pictures. With
# `checkpoint="file.pt"` the state is written every minute, and the same call after a kill goes on there.

# %%
from saliency_audit.attributions.relevance import (
    EstimatorPlan,
    find_pyramid,
    train_relevance_estimator,
)
from saliency_audit.models import load_classifier

model = load_classifier(name)
images = training_pictures(name, chosen.n_train)  # or your own, see below
layers = find_pyramid(model, images[0][None])


def tell(stage, done, of, loss, left):
    print(f"{stage}: epoch {done} of {of}, loss {loss:.3f}, {left:.0f} s left")


plan = EstimatorPlan(epochs=chosen.epochs, filter_epochs=chosen.filter_epochs)
estimator = train_relevance_estimator(model, layers, images, plan=plan, progress=tell)
print(layers)

# %% [markdown]
# For a folder with a subfolder per class, `images` is torchvision's `ImageFolder`:
#
# ```python
# from torchvision.datasets import ImageFolder
# from torchvision.transforms import CenterCrop, Compose, Resize, ToTensor
#
# images = ImageFolder("my/pictures", Compose([Resize(256), CenterCrop(224), ToTensor()]))
# ```
#
# MGnet, the generator that DRE is compared with, has a sigmoid in place of the controller and three penalties. Their
# weights must be tuned for each classifier; these suit the shapes:
#
# ```python
# from saliency_audit.attributions.relevance import Design, Objective
#
# mgnet = train_relevance_estimator(
#     model,
#     layers,
#     images,
#     design=Design(head="sigmoid"),
#     objective=Objective(area=4.0, background=1.0, smoothness=0.005),
# )
# ```
#
# It goes into `create("mgnet", estimator=mgnet)` and `create("dre+mgnet", estimator=estimator, mgnet=mgnet)`.
#
# ## Use it
#
# One forward pass gives the map of every picture in a batch. `dre+self` weighs it by what the class gains while the
# picture comes back; see {doc}`dre_scores` for how both compare with other methods. Dark is relevant.

# %% mystnb={"image": {"alt": "Six pictures of coloured shapes in the first row; below, the maps of DRE and of DRE+ (self), with the outline of the object in every panel"}}
from saliency_audit.attributions import create

shown, masks = with_objects(select(name, images_of(name, chosen.images), chosen.seed, 0, 30))
pictures, targets = shown.pictures[:6], shown.targets[:6]
maps = {
    "DRE": create("dre", estimator=estimator)(model, pictures, targets)[:, 0],
    "DRE+ (self)": create("dre+self", estimator=estimator)(model, pictures, targets)[:, 0],
}
figure = show_regions(pictures, masks[:6], maps, [f"class {int(target)}" for target in targets])

# %% [markdown]
# How good are they? M_F is the mean probability of the class while the pixels come back in the order of the map, M_E
# how well that order finds the object; both reach from 0 to 1, and higher is better.

# %%
from saliency_audit.metrics import explainability, faithfulness

for title, values in maps.items():
    faith = faithfulness(model, pictures, values, targets).value.mean()
    print(f"{title}: M_F {faith:.3f}, M_E {explainability(values, masks[:6]).mean():.3f}")

# %% [markdown]
# ## Keep it
#
# The file names the classifier by a digest of its weights. Another classifier, other layers or another number of
# classes are refused with a message that says which.

# %%
from saliency_audit.attributions.relevance import load_relevance_estimator

file = Path(mkdtemp()) / "estimator.pt"
estimator.save(file)
again = load_relevance_estimator(file, model)

# %% [markdown]
# ## Which layers?
#
# What `find_pyramid` names, with channels and sides of the maps, for pictures of 224 × 224 pixels (299 × 299 for
# Inception and Xception, 64 × 64 for the small networks). The networks were run to find this. For VGG19 the paper's
# channels are those of the poolings, `features.9`, `features.18`, `features.27` and `features.36`; any layers that
# halve may be named.

# %% tags=["remove-input"]
HTML(as_html(pyramid_table()))

# %% [markdown]
# ## How long does it take?
#
# Seconds of processor time for 1,000 pictures and one pass, of both stages: the filter, and the masks. A time is the
# mean of a few short trainings, with its 95 % bootstrap interval. At this rate the estimators of {doc}`dre_scores`
# take what the last column says, on one core. MGnet takes a little longer: its loss looks at what is removed, too.

# %% tags=["remove-input"]
of_study = {name: each for each in experiment.configure("reference") for name in each.models}
HTML(as_html(training_table(recorded_at(trainings.name), of_study)))

# %% [markdown]
# ## Pictures of which side?
#
# The pictures of Tiny ImageNet have 64 pixels per side, the networks were trained on 224. Enlarged to 128 they cost a
# third of 224. Is the classifier still worth explaining there? Correct answers in percent, each with its 95 %
# bootstrap interval over the images:

# %% tags=["remove-input"]
HTML(as_html(side_table(recorded_at(sides.name))))

# %% [markdown]
# Both networks are nearly twice as accurate at 128 pixels as at 64, or more, and gain little from 112 to 128, twice
# the side of the files. So the photographs of this study have 128; 224 was not tried.
