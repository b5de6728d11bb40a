"""What released code does: is a wrong entry refused, and what follows from the right ones?"""

import pytest
import yaml

from saliency_audit.ledger.released import (
    Finding,
    Relation,
    ReleasedVerdict,
    all_findings,
    findings_of,
    load_released,
    released_code,
    released_verdict,
)
from saliency_audit.ledger.schema import LedgerError
from saliency_audit.ledger.vocabulary import PAPERS

REPOSITORY = {
    "name": "study",
    "repository": "owner/name",
    "commit": "0123456789" * 4,
    "whose": "the authors",
}
FINDING = {
    "id": "some-choice",
    "claims": ["IDGI-INS"],
    "topic": "A choice",
    "where": "§1",
    "text": "Silent.",
    "code": "It chooses.",
    "relation": "left open by the text",
    "places": [{"code": "study", "file": "ig.py", "lines": "3-5"}],
    "certainty": "certain",
    "effect": "None.",
}


@pytest.fixture
def released_file(tmp_path):
    def write(paper="idgi", repositories=(REPOSITORY,), findings=(FINDING,), text=None):
        path = tmp_path / "idgi.yml"
        content = {
            "paper": paper,
            "about": "Some code.",
            "repositories": list(repositories),
            "findings": list(findings),
        }
        document = yaml.safe_dump(content, allow_unicode=True)
        path.write_text(document if text is None else text, encoding="utf-8")
        return path

    return write


def test_every_paper_has_a_valid_file_and_no_id_stands_twice():
    papers = [released_code(paper).paper for paper in PAPERS]
    assert papers == list(PAPERS)
    assert len(all_findings()) == sum(len(released_code(paper).findings) for paper in PAPERS)


def test_what_is_certain_of_numbers_is_shown_by_a_test():
    shown = [finding for finding in all_findings() if finding.test]
    assert shown
    assert all(finding.certainty == "certain" and finding.setting for finding in shown)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claims": ["DRE-PDF"]}, "'DRE-PDF' is not a claim of this paper"),
        ({"claims": []}, r"findings\.0\.claims"),
        ({"relation": "odd"}, r"findings\.0\.relation"),
        ({"places": [{"code": "other", "file": "a.py"}]}, "unknown repository 'other'"),
        ({"places": [{"code": "study", "file": "a.py", "lines": "5 to 9"}]}, "lines"),
        ({"places": []}, "name at least one"),
        ({"relation": "not released"}, "name at least one, unless"),
        ({"certainty": "sure"}, r"findings\.0\.certainty"),
        ({"setting": "saliency_audit.nothing"}, "cannot be imported"),
        ({"setting": "os.path"}, "cannot be imported"),
        ({"test": "tests/none.py::test_it"}, "there is no 'tests/none.py::test_it'"),
        ({"test": "tests/ledger/test_released.py::test_none"}, "there is no"),
        ({"id": "Some Choice"}, r"findings\.0\.id"),
        ({"page": 3}, r"findings\.0\.page: Extra inputs"),
    ],
)
def test_a_wrong_finding_is_refused(released_file, change, message):
    with pytest.raises(LedgerError, match=message):
        load_released(released_file(findings=[{**FINDING, **change}]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paper": "dre"}, "field paper: must be 'idgi'"),
        ({"findings": [FINDING, FINDING]}, "'some-choice' is used twice"),
        ({"repositories": [REPOSITORY, REPOSITORY]}, "'study' is used twice"),
        ({"repositories": [{**REPOSITORY, "commit": "71e0d2f"}]}, r"repositories\.0\.commit"),
        ({"repositories": [{**REPOSITORY, "repository": "name"}]}, r"repositories\.0\.repository"),
        ({"text": "a: [1"}, "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused(released_file, arguments, message):
    with pytest.raises(LedgerError, match=message):
        load_released(released_file(**arguments))


def test_a_file_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(LedgerError, match="does not exist"):
        load_released(tmp_path / "idgi.yml")


def test_one_deviation_makes_the_verdict_and_an_open_choice_none():
    def of(*relations):
        return released_verdict(
            Finding.model_validate({**FINDING, "relation": relation}) for relation in relations
        )

    assert of() is ReleasedVerdict.NOT_RELEASED
    assert of(Relation.ABSENT) is ReleasedVerdict.NOT_RELEASED
    assert of(Relation.OPEN, Relation.ABSENT) is ReleasedVerdict.AS_DESCRIBED
    assert of(Relation.AS_DESCRIBED, Relation.DEVIATES) is ReleasedVerdict.DEVIATES


def test_lines_are_part_of_an_address(released_file):
    (repository,) = load_released(released_file()).repositories
    start = f"https://github.com/owner/name/blob/{REPOSITORY['commit']}/ig.py"
    assert repository.address("ig.py", "3-5") == start + "#L3-L5"
    assert repository.address("ig.py", "3") == start + "#L3"
    assert repository.address("ig.py", None) == start


def test_a_claim_has_the_findings_that_name_it():
    names = [finding.id for finding in findings_of("IDGI-STEPS", "idgi")]
    assert "idgi-ig-steps" in names
    assert "idgi-ig-steps" not in [f.id for f in findings_of("IDGI-INS", "idgi")]
