"""Photographs that ship with the packages this one needs, each with its licence and credit."""

from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from saliency_audit.datasets.images import UNLABELLED, Images, missing, read_picture

# As enlarged pictures of Tiny ImageNet, whose networks explain them.
SIDE = 128


@dataclass(frozen=True)
class Photograph:
    """A photograph inside an installed package.

    Attributes:
        shows: what is on it.
        package: as pip calls it.
        file: inside the package, from the name that is imported.
        licence: as `stated` says.
        credit: who took or published it, as `stated` says.
        stated: where.
    """

    shows: str
    package: str
    file: str
    licence: str
    credit: str
    stated: str

    @property
    def path(self) -> Path:
        """Where it lies in this installation, or would lie."""
        module, _, inside = self.file.partition("/")
        return Path(str(files(module))) / inside


def _of_skimage(file: str, shows: str, licence: str, credit: str) -> Photograph:
    stated = f"docstring of skimage.data.{Path(file).stem}"
    return Photograph(shows, "scikit-image", f"skimage/data/{file}", licence, credit, stated)


def _of_sklearn(file: str, shows: str, credit: str) -> Photograph:
    folder = "sklearn/datasets/images"
    stated = f"{folder}/README.txt"
    return Photograph(shows, "scikit-learn", f"{folder}/{file}", "CC BY 2.0", credit, stated)


# All photographs of people, animals, things and places that are in the packages and whose licence
# is stated, by the names of their files. Of scikit-image's motorcycle and moon none is; its clock
# is blurred on purpose.
PHOTOGRAPHS = {
    Path(photograph.file).stem: photograph
    for photograph in (
        _of_skimage("astronaut.png", "Eileen Collins, astronaut", "public domain", "NASA"),
        _of_skimage("camera.png", "photographer with a camera", "CC0", "Lav Varshney"),
        _of_skimage("chelsea.png", "Chelsea the cat", "CC0", "Stefan van der Walt"),
        _of_skimage("coffee.png", "coffee cup", "CC0", "Rachel Michetti, Pikolo Espresso Bar"),
        _of_skimage("coins.png", "coins from Pompeii", "no known restrictions", "Brooklyn Museum"),
        _of_skimage("rocket.jpg", "Falcon 9 before its launch", "public domain", "SpaceX"),
        _of_sklearn("china.jpg", "pavilion in China", "flickr.com/photos/danielbuechele"),
        # The file names the photographer of china.jpg here too, but links to this one.
        _of_sklearn("flower.jpg", "dahlia", "flickr.com/photos/vultilion"),
        Photograph(
            "Grace Hopper, computer scientist",
            "matplotlib",
            "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
            "public domain",
            "matplotlib, pull request 1599",
            "github.com/matplotlib/matplotlib/pull/1599",
        ),
    )
}


def open_photographs(name: str, side: int = SIDE) -> Images:
    """Open `PHOTOGRAPHS`; no class is known of any. Their names are those of the table.

    They become squares as pictures of ImageNet do: see `read_picture`.

    Args:
        name: the set's name.
        side: pixels per side.

    Raises:
        MissingDataError: the installed version of a package lacks one.
    """
    for title, photograph in PHOTOGRAPHS.items():
        if not photograph.path.is_file():
            package = photograph.package
            raise missing(
                name,
                f"Install the version of {package} that requirements.lock names.",
                f"the picture {title!r} is not here, {package} {version(package)} has no "
                f"{photograph.file}",
            )
    names = tuple(PHOTOGRAPHS)
    return Images(
        name=name,
        names=names,
        labels=len(names) * (UNLABELLED,),
        read=lambda index: read_picture(PHOTOGRAPHS[names[index]].path, side),
    )
