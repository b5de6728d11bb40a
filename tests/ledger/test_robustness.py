"""A claim under every setting: which rows each takes, what moves the verdict, what is refused."""

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from saliency_audit.ledger import (
    ExternalResult,
    Scope,
    ScopedResult,
    SettingOutcome,
    SpecificationCurve,
    Verdict,
    load_claims,
    robustness,
    share,
)
from saliency_audit.ledger.choices import Choice, Origin, SettingsSpec, settings_of
from saliency_audit.ledger.external import not_tested
from saliency_audit.ledger.released import ReleasedVerdict, all_findings, released_verdict
from saliency_audit.ledger.robustness import curves_of, specification_curves, strongest_curves
from saliency_audit.ledger.schema import LedgerError, load_paper
from saliency_audit.locations import project_root

START = {
    "column": "start",
    "name": "start",
    "options": [
        {"value": "blurred", "of": "ours", "means": "blurred"},
        {"value": "black", "of": "released", "means": "black"},
    ],
}
WALK = {
    "column": "walk",
    "name": "points",
    "options": [
        {"value": "whole", "of": "printed", "means": "whole"},
        {"value": "cut", "of": "released", "means": "cut", "findings": ["idgi-ig-steps"]},
    ],
}

# A printed option that is alone cannot be one of two that the code follows.
FOLLOWING = {**WALK["options"][0], "findings": ["idgi-ig-steps"]}

PARAMETER = {
    "name": "a parameter",
    "options": [
        {"value": "one", "of": "ours", "means": "one"},
        {"value": "two", "of": "ours", "means": "two", "parameters": {"alphabet": 2}},
    ],
}
READING = {
    "name": "reading",
    "column": "method",
    "stands_for": "ggig",
    "options": [
        {"value": "ggig", "of": "printed", "means": "signed"},
        {"value": "ggig_absolute", "of": "ours", "means": "magnitudes"},
    ],
}


def spec(*choices):
    return SettingsSpec.model_validate({"experiment": "idgi_settings", "choices": list(choices)})


def test_the_text_decides_then_the_released_code_then_this_project():
    start, walk = (Choice.model_validate(choice) for choice in (START, WALK))
    assert start.main.value == "black"
    assert walk.main.value == "whole"
    first, *others = settings_of(spec(START, WALK))
    assert first.is_main
    assert len(others) == 3
    assert not any(setting.is_main for setting in others)
    assert [str(origin) for origin in Origin] == ["printed", "released", "ours"]


def test_rows_that_a_choice_does_not_concern_belong_to_every_setting():
    rows = pd.DataFrame({"start": ["black", None, "blurred"], "walk": ["cut"] * 3})
    found = {
        tuple(option.value for option in setting.options): list(setting.rows_of(rows).index)
        for setting in settings_of(spec(START, WALK))
    }
    assert found == {
        ("black", "whole"): [],
        ("blurred", "whole"): [],
        ("black", "cut"): [0, 1],
        ("blurred", "cut"): [1, 2],
    }


def test_readings_of_one_method_take_its_name_in_turn():
    rows = pd.DataFrame({"method": ["ggig", "ggig_absolute", "ig"], "value": [1, 2, 3]})
    first, second = (setting.rows_of(rows) for setting in settings_of(spec(READING)))
    assert first.to_dict("list") == {"method": ["ggig", "ig"], "value": [1, 3]}
    assert second.to_dict("list") == {"method": ["ggig", "ig"], "value": [2, 3]}
    assert list(rows["method"]) == ["ggig", "ggig_absolute", "ig"]


def test_options_change_parameters_and_what_questions_are_about():
    changed = {
        "name": "sign",
        "options": [
            {"value": "absolute", "of": "ours", "means": "absolute"},
            {
                **{"value": "signed", "of": "ours", "means": "signed"},
                **{"where": {"sign": "signed"}, "parameters": {"alpha": 0.1}},
            },
        ],
    }
    declared = {"alpha": 0.05, "questions": [{"where": {"sign": "absolute", "n": 1}}, {"a": 2}]}
    first, second = settings_of(spec(changed))
    assert first.parameters(declared) == declared
    assert second.parameters(declared) == {
        "alpha": 0.1,
        "questions": [{"where": {"sign": "signed", "n": 1}}, {"a": 2, "where": {"sign": "signed"}}],
    }


def rows_with_gains(gains):
    """Rows of the insertion scores: IDGI's gain by setting, on 40 images with little noise."""
    noise = np.random.default_rng(0).normal(0, 0.01, 40)
    found = []
    for (start, walk), gain in gains.items():
        for image, shift in enumerate(noise):
            for method in ("ig", "ig+idgi"):
                value = 0.5 + (gain + shift if method == "ig+idgi" else 0)
                found.append(
                    {
                        **{"model": "shapes_cnn", "images": "shapes", "path": "ig"},
                        **{"method": method, "steps": 128, "image": image, "guided": ""},
                        **{"start": start, "walk": walk, "ranking": None},
                        **{"probability": value, "ratio": value},
                    }
                )
    return pd.DataFrame(found)


@pytest.fixture
def curve(monkeypatch):
    """The curve of IDGI-INS on rows with given gains."""

    def of(gains):
        monkeypatch.setattr(
            robustness, "experiment_rows", lambda name, profile: rows_with_gains(gains)
        )
        (found,) = specification_curves(load_claims()["IDGI-INS"], "embedded")
        return found

    return of


def test_the_test_of_the_claim_is_run_under_every_setting(curve):
    gains = {
        ("black", "whole"): 0.2,
        ("black", "cut"): 0.1,
        ("blurred", "whole"): 0.0,
        ("blurred", "cut"): -0.1,
    }
    found = curve(gains)
    assert found.scope is Scope.GENERALISATION
    # The two choices without rows of their own do not multiply what is told apart.
    by_gain = {}
    for outcome in found.outcomes:
        walk, _, start, _ = (option.value for option in outcome.setting.options)
        by_gain[start, walk] = outcome.result.verdict
        assert outcome.result.headline.value == pytest.approx(gains[start, walk], abs=0.01)
    assert by_gain["blurred", "cut"] is Verdict.NOT_REPRODUCED
    assert by_gain["blurred", "whole"] is Verdict.INCONCLUSIVE
    assert found.main.result.headline.value == pytest.approx(0.2, abs=0.01)
    values = [outcome.result.headline.value for outcome in found.sorted]
    assert values == sorted(values)


def test_what_moves_the_verdict_is_counted_on_pairs_that_differ_in_one_choice(curve):
    found = curve(
        {
            ("black", "whole"): 0.2,
            ("black", "cut"): 0.1,
            ("blurred", "whole"): 0.2,
            ("blurred", "cut"): -0.1,
        }
    )
    # In the order of the entry: walk, parameters of Guided IG, start, ranking.
    assert found.moved_by(0) == (4, 8)
    assert found.moved_by(2) == (4, 8)
    assert found.moved_by(1) == found.moved_by(3) == (0, 8)
    # The main setting has a black start, where the walk moves nothing.
    assert not found.matters("idgi-gig-last-step")
    assert not found.matters("idgi-something")


def test_a_deviation_matters_only_if_a_verdict_changes_with_it(curve):
    gains = dict.fromkeys(((s, w) for s in ("black", "blurred") for w in ("whole", "cut")), 0.2)
    calm = curve(gains)
    assert not calm.matters("idgi-gig-last-step")
    findings = [finding for finding in all_findings() if finding.id == "idgi-gig-last-step"]
    moved = curve({**gains, ("black", "cut"): -0.2})
    less = curve({**gains, ("black", "cut"): 0.1})
    assert not less.matters("idgi-gig-last-step")
    assert released_verdict(findings, calm.matters) is ReleasedVerdict.DEVIATES
    assert released_verdict(findings, moved.matters) is ReleasedVerdict.MATTERS


def test_every_two_of_three_options_are_compared():
    three = {**START, "options": [*START["options"], {**START["options"][0], "value": "grey"}]}
    settings = list(settings_of(spec(three)))
    verdicts = (Verdict.REPRODUCED, Verdict.REPRODUCED, Verdict.NOT_REPRODUCED)
    outcomes = tuple(
        SettingOutcome(setting, ExternalResult(verdict, ""))
        for setting, verdict in zip(settings, verdicts, strict=True)
    )
    found = SpecificationCurve("reference", Scope.GENERALISATION, outcomes)
    assert found.moved_by(0) == (2, 3)


def test_combinations_that_make_no_sense_are_left_out():
    both = SettingsSpec.model_validate(
        {"experiment": "x", "choices": [START, WALK], "excluded": [["blurred", "cut"]]}
    )
    keys = [setting.key for setting in settings_of(both)]
    assert len(keys) == 3
    assert ("blurred", "cut") not in keys


def test_settings_are_compared_on_the_networks_and_methods_that_all_have(monkeypatch):
    gains = dict.fromkeys(((s, w) for s in ("black", "blurred") for w in ("whole", "cut")), 0.2)
    rows = rows_with_gains(gains)
    other = rows[rows["start"] == "black"].assign(model="digits_cnn", probability=0.5)
    monkeypatch.setattr(
        robustness, "experiment_rows", lambda name, profile: pd.concat([rows, other])
    )
    (found,) = specification_curves(load_claims()["IDGI-INS"], "embedded")
    models = {item.keys["model"] for o in found.outcomes for item in o.result.comparisons}
    assert models == {"shapes_cnn"}


def test_methods_that_the_test_does_not_ask_about_set_no_network_apart(monkeypatch, curve):
    gains = dict.fromkeys(((s, w) for s in ("black", "blurred") for w in ("whole", "cut")), 0.2)
    alone = curve(gains)
    rows = rows_with_gains(gains)
    one = (rows["start"] == "black") & (rows["method"] == "ig")
    control = rows[one].assign(method="constant")
    monkeypatch.setattr(
        robustness, "experiment_rows", lambda name, profile: pd.concat([rows, control])
    )
    (found,) = specification_curves(load_claims()["IDGI-INS"], "embedded")
    assert [item.setting.key for item in found.outcomes] == [
        item.setting.key for item in alone.outcomes
    ]


def test_settings_without_rows_are_counted(curve):
    assert curve({("black", "whole"): 0.2}).without_rows == 12


def test_the_declared_setting_is_not_computed_again(monkeypatch):
    claim = load_claims()["MR-SELECT"]
    declared = ScopedResult(not_tested("none"), ExternalResult(Verdict.PARTLY, "as declared"))
    asked = []

    def evaluated(claim, rows, profile, **parameters):
        asked.append(parameters["definition"])
        return ScopedResult(not_tested("none"), ExternalResult(Verdict.REPRODUCED, "computed"))

    monkeypatch.setattr(robustness, "evaluate", evaluated)
    rows = pd.DataFrame({"model": ["resnet18-8"], "method": ["rise"]})
    (found,) = curves_of(claim, rows, "reference", declared)
    own = claim.external.parameters["definition"]
    assert asked == [name for name in ("printed", "balanced") if name != own]
    details = {item.setting.key: item.result.detail for item in found.outcomes}
    assert details == {(own,): "as declared", (asked[0],): "computed"}


def test_the_share_is_told_in_words(curve):
    gains = {("black", "whole"): 0.2, ("blurred", "whole"): -0.2}
    assert share(curve(gains)).endswith("contradicted in 4, 8 without rows")


def test_no_settings_and_no_rows_give_no_curve(monkeypatch):
    claims = load_claims()
    assert strongest_curves(claims["IDGI-COST"]) == []
    monkeypatch.setattr(robustness, "experiment_rows", lambda name, profile: "none recorded")
    assert strongest_curves(claims["IDGI-INS"]) == []


def test_options_follow_findings_that_exist_and_concern_the_claim():
    concerned = {finding.id: finding.claims for finding in all_findings()}
    for claim in load_claims().values():
        if claim.external.settings is None:
            continue
        for choice in claim.external.settings.choices:
            for option in choice.options:
                for name in option.findings:
                    # The text may say two things, of which the code follows one.
                    assert option.of is not Origin.OURS
                    assert claim.id in concerned[name], f"{claim.id}: {name}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"experiment": "nothing"}, "unknown experiment 'nothing'"),
        ({"choices": [{**START, "column": "colour"}]}, "have no column colour"),
        ({"choices": [START, START]}, "named twice: start"),
        ({"choices": [{**START, "options": START["options"][:1] * 2}]}, "named twice: blurred"),
        ({"choices": [{**START, "options": START["options"][:1]}]}, "at least 2 items"),
        ({"choices": []}, "at least 1 item"),
        ({"choices": [{**START, "options": [{"value": "a", "of": "x"}] * 2}]}, "options"),
        ({"parameters": {"colour": 3}}, "colour"),
        ({"choices": [PARAMETER]}, "alphabet"),
        (
            {"choices": [{**WALK, "options": [FOLLOWING, WALK["options"][1]]}]},
            "of two or more printed options the first may name the finding",
        ),
    ],
)
def test_wrong_settings_are_refused(tmp_path, change, message):
    path = project_root() / "data" / "claims" / "idgi.yml"
    ledger = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings = ledger["claims"][0]["external"]["settings"]
    ledger["claims"][0]["external"]["settings"] = {**settings, **change}
    written = tmp_path / "idgi.yml"
    written.write_text(yaml.safe_dump(ledger, allow_unicode=True), encoding="utf-8")
    with pytest.raises((LedgerError, ValidationError), match=message):
        load_paper(written)
