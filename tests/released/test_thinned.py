"""One walk serves all numbers of steps: a thinned rule is the rule on the path of fewer steps."""

import pytest
import torch
from torch import nn

from saliency_audit.attributions import IDGI, GuidedPath, Riemann, walk
from saliency_audit.released.idgi_paths import CutBlurPath, CutGuidedPath, CutStraightPath
from saliency_audit.released.thinned import Thinned

RULES = (Riemann(), IDGI())


@pytest.fixture(scope="module")
def network():
    """A small random network without ties of gradients."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Softplus(), nn.Flatten(), nn.Linear(144, 3)
    ).double()


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("steps", [8, 32, 128])
@pytest.mark.parametrize("batch_size", [1, 7, "auto"])
@pytest.mark.parametrize("path", [CutStraightPath, lambda steps: CutBlurPath(steps, 1.5)])
def test_thinned_is_the_path_of_fewer_steps(network, images, path, steps, batch_size):
    expected = walk(network, images, [0, 1], path=path(steps), rules=RULES)
    thinned = [Thinned(rule, 128 // steps) for rule in RULES]
    found = walk(network, images, [0, 1], path=path(128), rules=thinned, batch_size=batch_size)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-9)


def test_thinned_leaves_out_the_score_at_the_end_beside_rules_that_need_it(network, images):
    path = GuidedPath(8, 0.5, 1.0)
    whole, cut = walk(network, images, [0, 1], path=path, rules=[IDGI(), Thinned(IDGI())])
    (expected,) = walk(network, images, [0, 1], path=CutGuidedPath(8), rules=[IDGI()])
    torch.testing.assert_close(cut, expected)
    assert not torch.allclose(whole.sum(dim=(1, 2, 3)), cut.sum(dim=(1, 2, 3)))
