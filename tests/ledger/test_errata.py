"""Errata found by reading: is the file refused when it is wrong, and are its numbers right?"""

import math
from itertools import product

import numpy as np
import pytest
import yaml
from scipy.optimize import linprog

from saliency_audit.ledger.audit import audit_internally
from saliency_audit.ledger.errata import errata_path, load_errata, read_errata
from saliency_audit.ledger.internal import TESTS_BY_PAPER
from saliency_audit.ledger.internal.ggig import algebra as ggig_algebra
from saliency_audit.ledger.internal.idgi import scores
from saliency_audit.ledger.internal.mege.tables import families as lipschitz_families
from saliency_audit.ledger.internal.xmgd import xm_equiv, xm_mw
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.schema import LedgerError, load_claims
from saliency_audit.metrics.mixture import gaussian_wasserstein_squared

ENTRY = {"claim": "IDGI-INS", "location": "§1", "printed": "one thing", "problem": "Another."}


@pytest.fixture
def errata_file(tmp_path):
    def write(errata, paper="idgi", text=None):
        path = tmp_path / "idgi.yml"
        document = yaml.safe_dump({"paper": paper, "errata": errata}, allow_unicode=True)
        path.write_text(document if text is None else text, encoding="utf-8")
        return path

    return write


def test_errata_files_are_valid_and_reach_the_page_of_their_claim():
    claims = load_claims()
    for paper in TESTS_BY_PAPER:
        for entry in load_errata(errata_path(paper)).errata:
            (found,) = [e for e in read_errata(claims[entry.claim]) if e.problem == entry.problem]
            assert found.read
            assert found in audit_internally(claims[entry.claim]).errata


def test_computed_errata_stand_before_those_found_by_reading():
    for claim in load_claims().values():
        if claim.internal.question:
            flags = [erratum.read for erratum in audit_internally(claim).errata]
            assert flags == sorted(flags), claim.id


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"errata": [{**ENTRY, "claim": "IDGI-NONE"}]}, r"errata\.0\.claim: 'IDGI-NONE' is no"),
        ({"errata": [{**ENTRY, "claim": "DRE-PDF"}]}, r"'DRE-PDF' is not a claim of this paper"),
        ({"errata": [{**ENTRY, "claim": "IDGI-ILLUS"}]}, "with an internal test"),
        ({"errata": [{**ENTRY, "printed": " "}]}, r"errata\.0\.printed"),
        ({"errata": [{**ENTRY, "page": 3}]}, r"errata\.0\.page: Extra inputs"),
        ({"errata": [ENTRY], "paper": "dre"}, "field paper: must be 'idgi'"),
        ({"errata": [], "text": "- a list"}, r"idgi\.yml: field \(root\)"),
        ({"errata": [], "text": "a: ["}, "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_by_field(errata_file, arguments, message):
    with pytest.raises(LedgerError, match=message):
        load_errata(errata_file(**arguments))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LedgerError, match=r"idgi\.yml: the file of errata does not exist"):
        load_errata(tmp_path / "idgi.yml")


# Numbers that an entry gives by way of illustration.


def problems(claim):
    return " ".join(erratum.problem for erratum in read_errata(load_claims()[claim]))


def test_factors_that_would_give_the_gains_of_table_5():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 1000))
    gain = -math.log(np.mean((one / 7 - other / 7) ** 2)) + math.log(np.mean((one - other) ** 2))
    assert gain == pytest.approx(2 * math.log(7))
    table = scores.read_stability()
    gains = [table[f"{path}+idgi"] - table[path] for path in scores.PATHS]
    natural = ", ".join(f"{math.exp(gain / 2):.0f}" for gain in gains)
    decimal = ", ".join(f"{10 ** (gain / 2):,.0f}" for gain in gains)
    assert f"by factors of {natural} would give" in problems("IDGI-JPEG")
    assert f"of {decimal} with the decimal one" in problems("IDGI-JPEG")


def test_algorithm_1_leaves_out_the_case_of_the_held_out_predictor_being_wrong():
    cases = list(product((True, False), repeat=2))  # is f_i right, is f_j right
    equation = [case for case in cases if case[0] != case[1]]
    algorithm = [(held_out, fitted) for held_out, fitted in cases if held_out and not fitted]
    assert set(equation) - set(algorithm) == {(False, True)}
    assert "keeps 1 of the 2 cases of Eq. 4" in problems("MR-DEF")
    assert "f_i, which never saw x, wrong and f_j, trained on x, right" in problems("MR-DEF")


def test_gradient_times_input_with_and_without_the_absolute_value():
    weights, inputs = np.array([1, -1]), np.array([1, 1])
    assert f"the printed map is {(inputs * abs(weights)).tolist()}" in problems("MR-PROD")
    assert f"DeepLIFT gives {(inputs * weights).tolist()}" in problems("MR-PROD")


def test_what_grad_cam_plus_plus_loses_in_1_lipschitz_networks():
    for table in ("table_02", "table_03"):
        resnet, lipschitz = lipschitz_families(table)
        assert f"from {resnet['G+']:.2f} to {lipschitz['G+']:.2f}" in problems("MR-LIP-MEGE")


def test_a_number_of_bins_leaves_no_pixel():
    _, saliency = xm_equiv._saliency_map()
    kept = int(np.sum(np.floor(saliency / 10) > 0))
    assert f"b = 10, the formula keeps {kept} of {saliency.size} pixels" in problems("XM-EQUIV")


def test_transport_without_a_constraint_is_free():
    generator = np.random.default_rng(0)
    first, second = (xm_mw._random(generator, components=4, dimensions=2) for _ in range(2))
    cost = gaussian_wasserstein_squared(
        first.means, first.covariances, second.means, second.covariances
    )
    assert linprog(cost.ravel(), bounds=(0, None)).fun == 0
    assert "the minimum is 0 for every pair" in problems("XM-MW")
    coupled = first.transport_to(second, squared=True)
    assert f"with the constraint it is {coupled:.3f} for two" in problems("XM-MW")


def test_the_error_of_table_1_counts_as_best_where_it_is_largest():
    table = printed_table("ggig", "table_01")
    errors = table[(table.metric == "normalized_mse") & (table.statistic == "median")]
    assert errors.loc[errors.value.idxmax(), "method"] == "ggig"
    assert "GGIG has the largest value" in problems("GG-MNIST")


def test_ranges_and_deviations_of_ggig():
    run = ggig_algebra.ggig_pixel(lambda x: x, 0.5, 0.0, points=50, ascents=200)
    assert f"Algorithm 1 collects {run.gradients:,} gradients" in problems("GG-PRODUCT")
    assert f"the ranges in the text give {51 * 201:,}" in problems("GG-PRODUCT")
    deviation = math.sqrt(0.02)
    assert f"up to {deviation:.3f}, {deviation / 0.02:.1f} times σ" in problems("GG-SIGMA")
