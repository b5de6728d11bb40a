"""MesoNet's detectors: their published weights, sizes and decisions."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from saliency_audit.attributions import create
from saliency_audit.attributions.engine import predict
from saliency_audit.datasets import MissingDataError
from saliency_audit.datasets.faces import REAL
from saliency_audit.datasets.images import read_scaled
from saliency_audit.models import load_classifier, weights_path
from saliency_audit.models.meso import Inception, meso4, meso_inception4

DETECTORS = ("meso4_df", "meso4_f2f", "mesoinception4_df", "mesoinception4_f2f")


@pytest.mark.parametrize(("build", "values"), [(meso4, 27977), (meso_inception4, 28615)])
def test_as_many_weights_as_published(build, values):
    network = build().eval()
    assert sum(value.numel() for value in network.parameters()) == values
    assert network(torch.rand(2, 3, 256, 256)).shape == (2, 1)


def test_branches_of_an_inception_are_dilated_convolutions_in_order():
    block = Inception(2, (1, 2, 2, 1))
    maps = torch.rand(1, 2, 9, 9)
    with torch.no_grad():
        found = block(maps)
        reduced = block.b3_reduce(maps).relu()
    assert found.shape == (1, 6, 9, 9)
    # Branch 3 reaches two pixels on each side: its kernel has holes.
    weight = block.b3.weight.detach().numpy()
    wide = np.zeros((2, 2, 5, 5))
    wide[..., ::2, ::2] = weight
    expected = sum(
        correlate2d(reduced[0, channel].numpy(), wide[1, channel], mode="same")
        for channel in range(2)
    )
    expected = np.maximum(expected + block.b3.bias[1].item(), 0)
    np.testing.assert_allclose(found[0, 4].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("name", DETECTORS)
def test_missing_weights_say_what_to_put_where(name, tmp_path, monkeypatch):
    from saliency_audit.models import catalog

    monkeypatch.setenv("SALIENCY_DATA", str(tmp_path))
    catalog._loaded.cache_clear()
    with pytest.raises(MissingDataError, match=rf"{name}\.pth.*DariusAf/MesoNet.*SALIENCY_DATA"):
        load_classifier(name)


def published(name):
    if not weights_path(name).is_file():
        pytest.skip(f"there is no {weights_path(name)}")
    return load_classifier(name)


@pytest.mark.parametrize("name", DETECTORS)
def test_published_weights_are_explained_like_any_classifier(name, data_root):
    model = published(name)
    images = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    for method in ("saliency", "ig", "gradcam", "deeplift", "guided_backprop"):
        maps = create(method)(model, images, torch.tensor([REAL, REAL]))
        assert maps.shape[0] == 2
        assert maps.isfinite().all()


@pytest.mark.data("faces_easy")
@pytest.mark.parametrize("name", ["meso4_df", "mesoinception4_df"])
def test_most_photographs_of_faces_are_called_real(name, data_root):
    files = sorted((data_root / "faces_easy" / "Faces_easy").glob("*.jpg"))[:40]
    images = torch.stack([read_scaled(file, 256) for file in files])
    with torch.no_grad():
        real = published(name)(images)[:, 0] > 0
    assert real.float().mean() > 0.5


# P(real) of the authors' four test faces, as recorded where the weights were converted: two
# deepfakes, then two real faces. Face2Face's detectors take the deepfakes for real.
FACES = ("df/df00204", "df/df01254", "real/real00240", "real/real00772")
RECORDED = {
    "meso4_df": (0.052, 0.020, 0.990, 0.997),
    "mesoinception4_df": (0.022, 0.001, 1.000, 1.000),
    "meso4_f2f": (0.836, 0.687, 0.881, 0.944),
    "mesoinception4_f2f": (0.999, 1.000, 1.000, 0.999),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_the_authors_test_faces_are_judged_as_recorded(name, data_root):
    model, folder = published(name), data_root / "mesonet" / "test_images"
    files = [folder / f"{face}.jpg" for face in FACES]
    if missing := [file.name for file in files if not file.is_file()]:
        pytest.skip(
            f"{', '.join(missing)} are not in {folder}: test_images of github.com/DariusAf/MesoNet"
        )
    images = torch.stack([read_scaled(file, 256) for file in files])
    real, _ = predict(model, images, torch.full((4,), REAL))
    # The third decimal may differ with the decoder of the pictures.
    torch.testing.assert_close(real, torch.tensor(RECORDED[name]), rtol=0, atol=2e-3)
