"""Do the CSV files of data/paper hold exactly what the five papers print?

The tables were transcribed twice, separately: into data/paper and into tests/ledger/transcription
(see its README.txt). A slip would have to happen twice in the same cell to go unseen.
"""

import csv
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

TRANSCRIPTION = Path(__file__).parent / "transcription"
PRINTED = Path(__file__).parents[2] / "data" / "paper"
FIXED_COLUMNS = ("table", "row", "column", "value", "text", "note")

CELLS_PER_TABLE = {
    "idgi": {
        **dict.fromkeys(("table_01", "table_02", "table_03"), 120),
        "table_04": 24,
        "table_05": 6,
        **{f"table_{number:02d}": 80 for number in range(6, 18)},
    },
    "dre": {"table_02": 20, "table_03": 80, "table_04": 40, "table_05": 10},
    "mege": {
        "table_01": 21,
        "table_02": 14,
        "table_03": 14,
        "table_05": 21,
        "table_06": 14,
        "table_07": 14,
    },
    "xmgd": {"table_01": 12, "section_5": 3},
    "ggig": {"table_01": 24, "table_02": 20},
}
CELLS_PER_PAPER = {"idgi": 1350, "dre": 150, "mege": 98, "xmgd": 15, "ggig": 44}
PAPERS = tuple(CELLS_PER_TABLE)
FILES = [(paper, name) for paper in PAPERS for name in CELLS_PER_TABLE[paper]]

# The cells that carry a note: (paper, file, row, column) -> (value, a word of the note).
SENSITIVE = "number of sensitive hyper-parameters"
NOTED = {
    ("idgi", "table_02", "AUC SIC / DenseNet169", "BlurIG +IDGI"): ("0.266", "bracket"),
    ("idgi", "table_03", "AUC SIC / DenseNet169", "BlurIG +IDGI"): ("0.253", "bracket"),
    (
        "idgi",
        "table_09",
        "Insertion Score with Probability Ratio / MobileNetV2",
        "BlurIG +IDGI",
    ): ("0.510", "decimal point"),
    **{
        ("dre", "table_02", row, SENSITIVE): ("", "dash")
        for row in ("DRE", "XPert", "GCAM", "GCAM++", "VGrad", "ITGrad")
    },
    ("dre", "table_05", "Places365 (ResNet50)", "GCAM++"): ("60.89", "60.89"),
    ("dre", "table_05", "Places365 (ResNet50)", "VGrad"): ("", "no readable value"),
    ("xmgd", "section_5", "Deepfakes+Inception", "NeuralTextures+SqueezeNet"): ("0.742", "pair"),
}

METHOD_OF_LABEL = {
    "idgi": {
        "IG": "ig",
        "IG +IDGI": "ig+idgi",
        "IG + IDGI": "ig+idgi",
        "GIG": "gig",
        "GIG +IDGI": "gig+idgi",
        "GIG + IDGI": "gig+idgi",
        "BlurIG": "blurig",
        "BlurIG +IDGI": "blurig+idgi",
        "BlurIG + IDGI": "blurig+idgi",
        "BlurIG+IDGI": "blurig+idgi",
    },
    "dre": {
        "DRE": "dre",
        "MGnet": "mgnet",
        "MPert": "mpert",
        "FInv": "finv",
        "XPert": "xpert",
        "GCAM": "gradcam",
        "GCAM++": "gradcam++",
        "VGrad": "saliency",
        "SMGrad": "smoothgrad",
        "ITGrad": "ig",
    },
    "mege": {
        "SA": "saliency",
        "GI": "gradient_input",
        "IG": "ig",
        "SG": "smoothgrad",
        "GC": "gradcam",
        "G+": "gradcam++",
        "RI": "rise",
    },
    "xmgd": {
        "IG": "ig",
        "Saliency": "saliency",
        "DeepLift": "deeplift",
        "GuidedBP": "guided_backprop",
    },
    "ggig": {
        "GRAD": "saliency",
        "IG": "ig",
        "GGIG": "ggig",
        "Gradients": "saliency",
        "Integrated Gradients": "ig",
        "Edge Detector": "edge",
        "Random": "random",
    },
}


Keys = frozenset[tuple[str, str]]
Texts = dict[Keys, str]


@dataclass(frozen=True)
class Cell:
    """A cell of data/paper; keys are the typed columns of its table."""

    paper: str
    file: str
    row: str
    column: str
    value: str
    text: str
    note: str
    keys: Keys

    @property
    def place(self) -> tuple[str, str, str, str]:
        return self.paper, self.file, self.row, self.column


def printed_cells(paper: str, name: str) -> list[Cell]:
    with (PRINTED / paper / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Cell(
                paper=paper,
                file=name,
                row=line["row"],
                column=line["column"],
                value=line["value"],
                text=line["text"],
                note=line["note"],
                keys=frozenset((k, v) for k, v in line.items() if k not in FIXED_COLUMNS),
            )
            for line in csv.DictReader(lines)
        ]


def transcribed_texts(paper: str) -> dict[str, Texts]:
    """The text of every cell by its keys, per table, as the second transcription has it."""
    tables: dict[str, Texts] = {}
    for line in (TRANSCRIPTION / f"{paper}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("table "):
            title, shared, rows, columns = (part.strip() for part in line.split("|"))
            table = tables.setdefault(file_of_table(title.removeprefix("table ")), {})
            block_keys = [pair_of(word) for word in shared.split()]
            row_names = rows.removeprefix("rows ").split("/")
            column_keys = keys_of_columns(columns.removeprefix("columns "))
            continue
        row, *texts = shlex.split(line)
        row_keys = list(zip(row_names, row.split("/"), strict=True))
        for keys, text in zip(column_keys, texts, strict=True):
            place = frozenset([*block_keys, *row_keys, *keys])
            assert place not in table, f"{paper}: {line} appears twice in the transcription"
            table[place] = re.sub(r"</?[bu]>", "", text)
    return tables


def pair_of(word: str) -> tuple[str, str]:
    key, value = word.split("=", 1)
    return key, value


def file_of_table(title: str) -> str:
    return f"table_{int(title):02d}" if title.isdigit() else title.replace(" ", "_")


def keys_of_columns(header: str) -> list[list[tuple[str, str]]]:
    if header == "-":
        return [[]]
    names, labels = header.split(":")
    return [list(zip(names.split("/"), label.split("/"), strict=True)) for label in labels.split()]


def disagreements(cells: list[Cell], texts: Texts) -> list[str]:
    """Cells whose text differs between the two transcriptions, or that only one of them has."""
    ours = {cell.keys: cell.text for cell in cells}
    return [
        f"{sorted(keys)}: data/paper {ours.get(keys)!r}, transcription {texts.get(keys)!r}"
        for keys in ours.keys() | texts.keys()
        if ours.get(keys) != texts.get(keys)
    ]


def wrong_values(cells: list[Cell]) -> list[str]:
    """Cells whose value is not the number of their text, or that have a note without cause."""
    return [f"{cell}" for cell in cells if not value_is_right(cell)]


def value_is_right(cell: Cell) -> bool:
    if cell.place in NOTED:
        value, word = NOTED[cell.place]
        return cell.value == value and word in cell.note
    plain = re.fullmatch(r"-?\d+(\.\d+)?", cell.value)
    return plain is not None and float(cell.value) == float(cell.text) and not cell.note


@pytest.mark.parametrize("paper", PAPERS)
def test_every_table_is_there_with_all_its_cells(paper: str) -> None:
    expected = CELLS_PER_TABLE[paper]
    files = sorted(path.stem for path in (PRINTED / paper).glob("*.csv"))
    assert files == sorted(expected)
    assert {name: len(printed_cells(paper, name)) for name in files} == expected
    assert {n: len(texts) for n, texts in transcribed_texts(paper).items()} == expected
    assert sum(expected.values()) == CELLS_PER_PAPER[paper]


@pytest.mark.parametrize(("paper", "name"), FILES)
def test_the_two_transcriptions_agree(paper: str, name: str) -> None:
    cells = printed_cells(paper, name)
    assert len({cell.keys for cell in cells}) == len(cells)
    assert disagreements(cells, transcribed_texts(paper)[name]) == []


@pytest.mark.parametrize(("paper", "name"), FILES)
def test_values_are_the_numbers_of_the_texts(paper: str, name: str) -> None:
    assert wrong_values(printed_cells(paper, name)) == []


def test_every_noted_cell_exists() -> None:
    places = {cell.place for paper, name in FILES for cell in printed_cells(paper, name)}
    assert NOTED.keys() <= places


@pytest.mark.parametrize(("paper", "name"), FILES)
def test_file_is_plain_and_names_its_own_table(paper: str, name: str) -> None:
    content = (PRINTED / paper / f"{name}.csv").read_bytes()
    assert b"\r" not in content
    header, *lines = csv.reader(content.decode("utf-8").splitlines())
    assert tuple(header[: len(FIXED_COLUMNS)]) == FIXED_COLUMNS
    assert {file_of_table(line[0]) for line in lines} == {name}
    assert {len(line) for line in lines} == {len(header)}
    assert len({(line[1], line[2]) for line in lines}) == len(lines)


@pytest.mark.parametrize(("paper", "name"), [f for f in FILES if f != ("xmgd", "section_5")])
def test_labels_and_keys_name_the_same_cell(paper: str, name: str) -> None:
    methods = METHOD_OF_LABEL[paper]
    pairs = set()
    for cell in printed_cells(paper, name):
        label, other = sorted((cell.row, cell.column), key=lambda text: text not in methods)
        assert ("method", methods[label]) in cell.keys, cell
        assert other not in methods, cell
        pairs.add((other, cell.keys - {("method", methods[label])}))
    assert len({other for other, _ in pairs}) == len({keys for _, keys in pairs}) == len(pairs)


def test_labels_of_the_correlations_are_their_pairs() -> None:
    for cell in printed_cells("xmgd", "section_5"):
        assert {("first", cell.row), ("second", cell.column)} < cell.keys


# Read off the papers one by one: file | row and column as labelled | text | keys.
SPOT_CHECKS = """
idgi table_01 | Insertion Score with Probability / Inception V3 | IG +IDGI | .419 | metric=insertion_probability model=InceptionV3 method=ig+idgi steps=128
idgi table_01 | Insertion Score with Probability / MobileNetV2 | GIG | .037 | metric=insertion_probability model=MobileNetV2 method=gig steps=128
idgi table_01 | Insertion Score with Probability Ratio / ResNet50V2 | BlurIG | .581 | metric=insertion_ratio model=ResNet50V2 method=blurig steps=128
idgi table_02 | AUC AIC / ResNet152V2 | IG | .352 | metric=aic_entropy model=ResNet152V2 method=ig steps=128
idgi table_03 | AUC SIC / ResNet152V2 | IG +IDGI | .221 | metric=sic_ms_ssim model=ResNet152V2 method=ig+idgi steps=128
idgi table_04 | IG + IDGI | SIC with Normalized Entropy | .473 | metric=sic_entropy method=ig+idgi model=InceptionV3
idgi table_05 | GIG | - log MSE | 0.845 | metric=neg_log_mse method=gig model=InceptionV3
idgi table_09 | Insertion Score with Probability Ratio / MobileNetV2 | BlurIG +IDGI | 510 | metric=insertion_ratio model=MobileNetV2 method=blurig+idgi steps=32
idgi table_13 | AUC SIC / VGG16 | BlurIG | .005 | metric=sic_entropy model=VGG16 method=blurig steps=16
idgi table_17 | AUC SIC / VGG19 | BlurIG +IDGI | .187 | metric=sic_ms_ssim model=VGG19 method=blurig+idgi steps=8
dre table_02 | FInv | number of iterations per explanation | 80 | method=finv quantity=iterations_per_explanation
dre table_03 | DRE | Birds-200-2011 VGG19 | 85.25 | metric=faithfulness dataset=birds200 model=vgg19 method=dre
dre table_04 | GCAM++ | ImageNet MEAN | 83.51 | metric=explainability dataset=imagenet model=mean method=gradcam++
dre table_05 | Places365 (ResNet50) | ITGrad | 45.20 | metric=faithfulness dataset=places365 model=resnet50 method=ig
mege table_01 | MeGe | GC | 0.34 | dataset=imagenet model=resnet50 metric=mege method=gradcam
mege table_02 | ResNet-18 | G+ | 0.83 | dataset=cifar10 model=resnet18 metric=mege method=gradcam++
mege table_05 | MeGe | G+ | 0.82 | dataset=cifar10 model=resnet18 metric=mege method=gradcam++
xmgd table_01 | AD↓ | IG | -0.082 | metric=average_drop method=ig
xmgd section_5 | Deepfakes+SqueezeNet | NeuralTextures+SqueezeNet | 0.810 | first=Deepfakes+SqueezeNet second=NeuralTextures+SqueezeNet shared=detector
ggig table_01 | GGIG | Normalized Mean Square Error std | 0.099 | method=ggig metric=normalized_mse statistic=std
ggig table_02 | Gradients | ResNet 101 AIC | 0.32 | method=saliency model=ResNet101 metric=aic
"""


@pytest.mark.parametrize("line", SPOT_CHECKS.strip().splitlines())
def test_cell_read_off_the_paper(line: str) -> None:
    file, row, column, text, keys = line.split(" | ")
    paper, name = file.split()
    (cell,) = [c for c in printed_cells(paper, name) if (c.row, c.column) == (row, column)]
    assert cell.text == text
    assert cell.keys == frozenset(pair_of(word) for word in keys.split())


@pytest.mark.parametrize("paper", PAPERS)
def test_an_altered_cell_does_not_go_unseen(paper: str) -> None:
    for name, texts in transcribed_texts(paper).items():
        cells = printed_cells(paper, name)
        for index, cell in enumerate(cells):
            others = cells[:index] + cells[index + 1 :]
            assert len(disagreements([*others, replace(cell, text=cell.text + "1")], texts)) == 1
            assert len(disagreements(others, texts)) == 1
            assert wrong_values([replace(cell, value=cell.value + "1")])
