"""Image sets by name: contents, licence, location and how to get them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saliency_audit.datasets.cub200 import open_cub200
from saliency_audit.datasets.cutouts import open_all_cutouts, open_cutouts
from saliency_audit.datasets.digits import open_digits
from saliency_audit.datasets.faceforensics import GENERATORS, open_faceforensics
from saliency_audit.datasets.faces import (
    att_faces,
    caltech_faces,
    real_faces,
    small_faces,
    standin_faces,
)
from saliency_audit.datasets.folders import open_class_folders
from saliency_audit.datasets.imagenet import open_imagenet_val
from saliency_audit.datasets.images import (
    Images,
    MissingDataError,
    only_classes,
    read_scaled,
    scaled_to,
)
from saliency_audit.datasets.mnist import open_mnist
from saliency_audit.datasets.photographs import PHOTOGRAPHS, open_photographs
from saliency_audit.datasets.places365 import open_places365
from saliency_audit.datasets.shapes import MORE, open_shapes
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.datasets.tiny_imagenet import (
    SIDE,
    open_tiny_imagenet,
    open_tiny_imagenet_train,
)
from saliency_audit.datasets.tiny_imagenet_classes import IMAGENET_INDEX, TINY_CLASSES
from saliency_audit.errors import refuse_unknown
from saliency_audit.locations import data_root, project_root

_IMAGENET_TERMS = "non-commercial research and education (ImageNet)"
UNPACK = "Unpack it into the data root (environment variable SALIENCY_DATA), "


@dataclass(frozen=True)
class ImageSet:
    """One entry of the catalogue.

    Attributes:
        name: how it is called everywhere.
        title: what it is.
        terms: licence or terms of use, as commonly stated.
        how_to_get: instructions for people who do not have it.
        folder: its folder below the data root; None if it is embedded.
        files: number of files in that folder.
        opener: opens it.
        sized: opens it with pictures of so many pixels per side, from the files; None where
            pictures of another size are those of `opener`, scaled.
    """

    name: str
    title: str
    terms: str
    how_to_get: str
    folder: str | None
    files: int
    opener: Callable[[Path], Images]
    sized: Callable[[Path, int], Images] | None = None

    def location(self) -> Path | None:
        """Its folder below the data root, None if it is embedded."""
        return None if self.folder is None else data_root() / self.folder

    def count_files(self) -> int:
        """Number of files found in its folder."""
        location = self.location()
        if location is None or not location.is_dir():
            return 0
        return sum(1 for path in location.rglob("*") if path.is_file())


def _torchvision(dataset: str, folder: str) -> str:
    return (
        UNPACK
        + f"or let torchvision fetch it: .venv/bin/python -c 'import os, torchvision.datasets "
        f'as d; d.{dataset}(os.environ["SALIENCY_DATA"] + "/{folder}", download=True)\''
    )


# 224 pixels for every network, including Inception and Xception, which were trained on 299: the
# IDGI study states no size, and all methods then get the same pictures.
def _imagenet_folder(name: str, folder: str, how_to_get: str) -> Callable[[Path], Images]:
    return lambda root: open_class_folders(name, root / folder, 224, how_to_get, 1000)


def _cifar10(part: str, files: int) -> ImageSet:
    """The copy in JPEG files: lossy, so accuracies are not quite comparable to published ones."""
    name, how_to_get = f"cifar10_{part}", UNPACK + f"as cifar10/{part}/<class>/<image>.jpg."
    return ImageSet(
        name,
        f"CIFAR-10 as JPEG files, {part} part, {files:,} pictures of 32×32",
        "none stated; cite Krizhevsky 2009",
        how_to_get,
        f"cifar10/{part}",
        files,
        lambda root: open_class_folders(
            name, root / "cifar10" / part, 32, how_to_get, 10, read_scaled
        ),
    )


def _grey(name: str, title: str, terms: str, kind: str, part: str) -> ImageSet:
    how_to_get = _torchvision(kind, name)
    count = 60000 if part == "train" else 10000
    return ImageSet(
        f"{name}_{part}",
        f"{title} of 28×28, {part} part, {count:,} pictures",
        terms,
        how_to_get,
        name,
        4,
        lambda root: open_mnist(
            f"{name}_{part}", kind, root / name, how_to_get, training=part == "train"
        ),
    )


def _birds200(name: str, part: str, count: int, *, training: bool) -> ImageSet:
    return ImageSet(
        name,
        f"Caltech-UCSD Birds-200-2011 with boxes, {part} part, {count:,} pictures",
        "non-commercial research and education (Caltech)",
        _BIRDS,
        "CUB_200_2011/images",
        11788,
        lambda root: open_cub200(name, root / "CUB_200_2011", _BIRDS, training=training),
    )


def _places365(name: str, part: str, count: int) -> ImageSet:
    return ImageSet(
        name,
        f"Places365-Standard, {part} part, {count:,} pictures of scenes",
        "non-commercial research and education (MIT)",
        _PLACES,
        f"places365/{part}",
        count,
        lambda root: open_places365(
            name,
            root / "places365" / part,
            _PLACES,
            root / "places365/places365_val.txt" if part == "val" else None,
        ),
    )


def _standin(family: str, training: bool) -> ImageSet:
    name = f"standin_{family}" + ("_train" if training else "")
    part, count = ("training", 325) if training else ("validation", 107)
    return ImageSet(
        name,
        f"stand-in for deepfakes: {count} photographs of faces, real and with {_TRACES[family]}, "
        f"256×256, {part} part, other persons than in the other part",
        _CALTECH_TERMS,
        _CALTECH,
        "faces_easy",
        435,
        lambda root: standin_faces(
            name, caltech_faces(name, root / _CALTECH_FOLDER, _CALTECH, training=training), family
        ),
    )


def _small_standin(family: str, training: bool) -> ImageSet:
    name = f"small_standin_{family}" + ("_train" if training else "")
    part, count = ("training", 60) if training else ("validation", 40)
    return ImageSet(
        name,
        f"stand-in for deepfakes: {count} small grey faces, real and with {_TRACES[family]}, "
        f"enlarged to 64×64, {part} part",
        "as Labeled Faces in the Wild: no restriction stated (scikit-image)",
        "Comes with scikit-image.",
        folder=None,
        files=0,
        opener=lambda root: standin_faces(name, small_faces(training=training), family),
    )


def _att_standin(family: str, training: bool) -> ImageSet:
    name = f"att_standin_{family}" + ("_train" if training else "")
    part, persons = ("training", "1 to 30") if training else ("validation", "31 to 40")
    return ImageSet(
        name,
        f"stand-in for deepfakes: grey faces of persons {persons}, ten each, real and with "
        f"{_TRACES[family]}, 64×64, {part} part",
        _ATT_TERMS,
        _ATT,
        "att_faces",
        401,
        lambda root: standin_faces(
            name, att_faces(name, root / "att_faces", _ATT, training=training), family
        ),
    )


def _faceforensics(generator: str, part: str) -> ImageSet:
    name = generator if part == "test" else f"{generator}_{part}"
    folder = GENERATORS[generator]
    return ImageSet(
        name,
        f"FaceForensics++ at c23, real faces and those of {folder}, {part} part, 256×256",
        "research only, on request (Technical University of Munich)",
        _FORENSICS,
        f"FaceForensics++/manipulated_sequences/{folder}/c23/videos",
        1000,
        lambda root: open_faceforensics(
            name, root / "FaceForensics++", generator, part, _FORENSICS
        ),
    )


# 50 of the 1,000 classes, drawn once; the MeGe/ReCo paper does not name those it used.
IMAGENET50 = tuple(sorted(np.random.default_rng(0).choice(1000, 50, replace=False).tolist()))
_TRAINING = UNPACK + (
    "as imagenet/train/<wnid>/<image>.JPEG; register at image-net.org for ILSVRC-2012."
)
_SAMPLE = UNPACK + (
    "as imagenet_sample/<wnid>/<image>.JPEG. The pictures are on GitHub; this lays them out: "
    "git clone --depth 1 https://github.com/EliSchwartz/imagenet-sample-images sample && "
    "for f in sample/*.JPEG; do n=$(basename $f); "
    "mkdir -p $SALIENCY_DATA/imagenet_sample/${n%%_*}; "
    "cp $f $SALIENCY_DATA/imagenet_sample/${n%%_*}/; done"
)
_VALIDATION = UNPACK + (
    "as imagenet/val/<wnid>/<image>.JPEG; register at image-net.org for ILSVRC-2012. Boxes, which "
    "only some studies need, as imagenet/Annotations/CLS-LOC/val/<image>.xml "
    "(ILSVRC2012_bbox_val_v3.tgz)."
)
_BIRDS = UNPACK + (
    "as CUB_200_2011/{images.txt,image_class_labels.txt,train_test_split.txt,bounding_boxes.txt,"
    "images/} (CUB_200_2011.tgz, data.caltech.edu/records/65de6-vp158)."
)
_PLACES = UNPACK + (
    "as places365/{train,val}/<class>/<image>.jpg (places365standard_easyformat.tar, whose folder "
    "is called places365_standard, places2.csail.mit.edu/download.html); or the validation part as "
    "places365/{places365_val.txt,val/<image>.jpg} (val_256.tar, filelist_places365-standard.tar)."
)
_ATT = UNPACK + "as att_faces/s<person>/<number>.pgm."
_ATT_TERMS = "free with credit to AT&T Laboratories Cambridge"
_CALTECH_TERMS = "CC BY 4.0"
_CALTECH_FOLDER = "faces_easy/Faces_easy"
_CALTECH = UNPACK + (
    "as faces_easy/Faces_easy/<image>.jpg (a folder of torchvision.datasets.Caltech101)."
)
_FORENSICS = UNPACK + (
    "as FaceForensics++/{original_sequences,manipulated_sequences}, as the script of "
    "github.com/ondyari/FaceForensics lays it out, which is sent on request; with the folder "
    "dataset/splits of that repository as FaceForensics++/splits, and masks if wanted. Reading "
    "videos needs OpenCV: pip install 'saliency-audit[videos]'."
)
# What each family of stand-ins leaves behind.
_TRACES = {
    "swap": "a moved face blended in (as Deepfakes)",
    "warp": "another expression (as Face2Face)",
    "smooth": "a smoothed face (as FaceShifter)",
    "colour": "a face of another colour (as FaceSwap)",
    "resampled": "the pattern of resampling (as NeuralTextures)",
}
_TINY = UNPACK + (
    "as tiny-imagenet-200/val/{images/,val_annotations.txt} "
    "(cs231n.stanford.edu/tiny-imagenet-200.zip)."
)
_TINY_TRAINING = UNPACK + (
    "as tiny-imagenet-200/train/<wnid>/{images/,<wnid>_boxes.txt} "
    "(cs231n.stanford.edu/tiny-imagenet-200.zip)."
)


def _tiny200_val(root: Path, side: int = SIDE) -> Images:
    folder = root / "tiny-imagenet-200/val"
    return only_classes(open_tiny_imagenet("tiny200_val", folder, _TINY, side), TINY_CLASSES)


# Chosen for what they show, among those whose class EfficientNet-Lite0 gives; no map was looked at.
SHOWN = {
    "animals-mammals-elephant.png": "n02504458",
    "animals-mammals-bears-european-bear.png": "n02132136",
    "animals-birds-penguin.png": "n02056570",
    "hobbies-binoculars.png": "n02841315",
    "animals-marsupials-koala.png": "n01882714",
    "plants-mushrooms-cep-2.png": "n07734744",
    "animals-mammals-camel-camel.png": "n02437312",
    "animals-birds-gander.png": "n01855672",
}
# With the other cut-outs whose file names one of the 200 classes, whatever a network says of them;
# the lobster, which may be either of two, is not one.
NAMED = {
    **SHOWN,
    "animals-insects-Brown_slug.png": "n01945685",
    "animals-insects-grasshopper.png": "n02226429",
    "animals-insects-hoverfly.png": "n02190166",
    "animals-insects-mantis.png": "n02236044",
    "animals-mammals-apes-chimp.png": "n02481823",
    "animals-mammals-bears-toys-edward_bear.png": "n04399382",
    "animals-mammals-bovines-bison.png": "n02410509",
    "animals-mammals-camel-dromedary.png": "n02437312",
    "animals-mammals-cats-lion-2.png": "n02129165",
    "animals-mammals-cats-lion.png": "n02129165",
    "animals-mammals-pig.png": "n02395406",
    "animals-mammals-pig_golden.png": "n02395406",
    "animals-mammals-pig_golden2.png": "n02395406",
    "food-fruit-orange_seville.png": "n07747607",
    "medical-syringe.png": "n04376876",
    "plants-mushrooms-cep.png": "n07734744",
    "plants-mushrooms-cep-1.png": "n07734744",
    "vehicles-auto-sportscar2.png": "n04285008",
    "vehicles-wheel_tractor.png": "n04465501",
}
_STAMPS = UNPACK + (
    "as cutouts/<name>.png: pictures with an alpha channel, such as the photographs of Debian's "
    "package tuxpaint-stamps-default."
)
_STAMPS_TERMS = "GPL-2 or later as a package (Tux Paint's stamps)"
_SHIPPED = "They are in data/cutouts of a clone; work in one, or set SALIENCY_PROJECT to it."


def _shipped_cutouts(name: str, how_many: str, files: Mapping[str, str]) -> ImageSet:
    """Cut-outs of the repository with the classes of their WordNet ids."""
    labels = {file: TINY_CLASSES.index(IMAGENET_INDEX[wnid]) for file, wnid in files.items()}
    return ImageSet(
        name,
        f"{how_many} photographs with exact masks, before scikit-image's grass, 128×128",
        f"{_STAMPS_TERMS}; per picture in data/cutouts/README.md",
        _SHIPPED,
        folder=None,
        files=0,
        opener=lambda root: open_cutouts(
            name, project_root() / "data" / "cutouts", labels, _SHIPPED
        ),
    )


CATALOG = {
    entry.name: entry
    for entry in (
        ImageSet(
            "digits",
            "scikit-learn's handwritten digits, 8×8 grey, last third",
            "CC BY 4.0 (UCI)",
            "Comes with scikit-learn.",
            folder=None,
            files=0,
            opener=lambda root: open_digits(),
        ),
        ImageSet(
            "digits_train",
            "scikit-learn's handwritten digits, 8×8 grey, first two thirds",
            "CC BY 4.0 (UCI)",
            "Comes with scikit-learn.",
            folder=None,
            files=0,
            opener=lambda root: open_digits(training=True),
        ),
        ImageSet(
            "shapes",
            "coloured shapes on textured backgrounds with exact masks, 1,000 pictures of 64×64",
            "drawn by this package (MIT)",
            "Drawn on request.",
            folder=None,
            files=0,
            opener=lambda root: open_shapes(),
        ),
        ImageSet(
            "more_shapes",
            "20,000 further pictures like those of shapes, for what is rare among those",
            "drawn by this package (MIT)",
            "Drawn on request.",
            folder=None,
            files=0,
            opener=lambda root: open_shapes("more_shapes", MORE),
        ),
        ImageSet(
            "imagenet_sample",
            "one picture of each of the 1,000 ILSVRC-2012 classes, shorter side 256",
            _IMAGENET_TERMS,
            _SAMPLE,
            "imagenet_sample",
            1000,
            _imagenet_folder("imagenet_sample", "imagenet_sample", _SAMPLE),
        ),
        ImageSet(
            "imagenet_val",
            "ILSVRC-2012 validation set, with boxes if they are there, 50,000 pictures",
            _IMAGENET_TERMS,
            _VALIDATION,
            "imagenet/val",
            50000,
            lambda root: open_imagenet_val(
                "imagenet_val",
                root / "imagenet/val",
                root / "imagenet/Annotations/CLS-LOC/val",
                _VALIDATION,
            ),
        ),
        ImageSet(
            "imagenet_train",
            "ILSVRC-2012 training set, 1,281,167 pictures",
            _IMAGENET_TERMS,
            _TRAINING,
            "imagenet/train",
            1281167,
            _imagenet_folder("imagenet_train", "imagenet/train", _TRAINING),
        ),
        _birds200("birds200", "test", 5794, training=False),
        _birds200("birds200_train", "training", 5994, training=True),
        _places365("places365", "val", 36500),
        _places365("places365_train", "train", 1803460),
        _cifar10("train", 50000),
        _cifar10("test", 10000),
        *(
            _grey(name, title, terms, kind, part)
            for name, title, terms, kind in (
                ("mnist", "MNIST, grey digits", "CC BY-SA 3.0", "MNIST"),
                ("fashion_mnist", "Fashion-MNIST, grey garments", "MIT", "FashionMNIST"),
            )
            for part in ("train", "test")
        ),
        ImageSet(
            "imagenet50_train",
            "50 classes of the ILSVRC-2012 training set, drawn at random, about 64,000 pictures",
            _IMAGENET_TERMS,
            _TRAINING,
            "imagenet/train",
            1281167,
            lambda root: only_classes(
                open_class_folders(
                    "imagenet50_train", root / "imagenet/train", 224, _TRAINING, 1000
                ),
                IMAGENET50,
            ),
        ),
        ImageSet(
            "eurosat",
            "EuroSAT, satellite pictures of land use, 27,000 pictures of 64×64",
            "MIT",
            _torchvision("EuroSAT", "eurosat"),
            "eurosat",
            27000,
            lambda root: open_class_folders(
                "eurosat",
                root / "eurosat/eurosat/2750",
                64,
                _torchvision("EuroSAT", "eurosat"),
                10,
                read_scaled,
            ),
        ),
        ImageSet(
            "tiny_imagenet_val",
            "Tiny ImageNet validation set with boxes, 10,000 pictures of 64×64 enlarged to 128×128",
            _IMAGENET_TERMS,
            _TINY,
            "tiny-imagenet-200/val",
            10001,
            lambda root: open_tiny_imagenet(
                "tiny_imagenet_val", root / "tiny-imagenet-200/val", _TINY
            ),
        ),
        ImageSet(
            "tiny200_val",
            "tiny_imagenet_val with its 200 classes numbered from 0",
            _IMAGENET_TERMS,
            _TINY,
            "tiny-imagenet-200/val",
            10001,
            _tiny200_val,
            _tiny200_val,
        ),
        ImageSet(
            "tiny200_train",
            "Tiny ImageNet training set with boxes, 100 of 500 pictures of each class, as "
            "tiny200_val",
            _IMAGENET_TERMS,
            _TINY_TRAINING,
            "tiny-imagenet-200/train",
            20200,
            lambda root: only_classes(
                open_tiny_imagenet_train(
                    "tiny200_train", root / "tiny-imagenet-200/train", _TINY_TRAINING
                ),
                TINY_CLASSES,
            ),
        ),
        _shipped_cutouts("cutouts_shown", "eight", SHOWN),
        _shipped_cutouts("cutouts_named", f"{len(NAMED)}", NAMED),
        ImageSet(
            "cutouts",
            "187 photographs with exact masks and without classes, before scikit-image's grass, "
            "128×128",
            f"{_STAMPS_TERMS}; its changelog names others for some",
            _STAMPS,
            "cutouts",
            189,
            lambda root: open_all_cutouts("cutouts", root / "cutouts", _STAMPS),
        ),
        ImageSet(
            "photographs",
            f"{len(PHOTOGRAPHS)} photographs that ship with scikit-image, scikit-learn and "
            "matplotlib, without classes, 128×128",
            "public domain, CC0 or CC BY 2.0; per picture in datasets/photographs.py",
            "They come with scikit-image, scikit-learn and matplotlib.",
            folder=None,
            files=0,
            opener=lambda root: open_photographs("photographs"),
            sized=lambda root, side: open_photographs("photographs", side),
        ),
        ImageSet(
            "faces_easy",
            "Caltech-101 Faces_easy, 432 colour photographs of faces, all real, 256×256",
            _CALTECH_TERMS,
            _CALTECH,
            "faces_easy",
            435,
            lambda root: real_faces(
                "faces_easy", caltech_faces("faces_easy", root / _CALTECH_FOLDER, _CALTECH)
            ),
        ),
        *(
            standin
            for family in FAMILIES
            for training in (False, True)
            for standin in (
                _small_standin(family, training),
                _standin(family, training),
                _att_standin(family, training),
            )
        ),
        *(
            _faceforensics(generator, part)
            for generator in GENERATORS
            for part in ("test", "val", "train")
        ),
        ImageSet(
            "att_faces",
            "AT&T Database of Faces, 40 people × 10 grey pictures, all real, 64×64",
            _ATT_TERMS,
            _ATT,
            "att_faces",
            401,
            lambda root: real_faces("att_faces", att_faces("att_faces", root / "att_faces", _ATT)),
        ),
    )
}


def open_images(name: str, side: int | None = None) -> Images:
    """Open an image set of the catalogue.

    Args:
        name: of the set.
        side: pixels per side of its pictures, if not its own.

    Raises:
        ValueError: unknown name.
        MissingDataError: the set is not below the data root; the message says how to get it.
    """
    refuse_unknown("image set", name, CATALOG)
    entry = CATALOG[name]
    try:
        if side is not None:
            root = data_root()
            return entry.sized(root, side) if entry.sized else scaled_to(entry.opener(root), side)
        return entry.opener(data_root())
    except MissingDataError as error:
        raise MissingDataError(
            f"{error} `saliency-audit data check {name}` tells what is missing."
        ) from None
