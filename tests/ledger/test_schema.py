"""Every mistake in a ledger file is refused with the file, the claim and the field."""

import copy

import pytest
import yaml

from saliency_audit.ledger import LedgerError, load_claims, load_papers, schema
from saliency_audit.ledger.internal import TESTS as INTERNAL_TESTS
from saliency_audit.ledger.vocabulary import METRICS

VALID = {
    "paper": "idgi",
    "title": "A study",
    "short": "IDGI",
    "citation_key": "idgi_study",
    "claims": [
        {
            "id": "IDGI-INS",
            "title": "It rises",
            "location": "Table 1",
            "statement": "The score rises.",
            "printed": ["table_01"],
            "internal": {"question": "Does it?"},
            "external": {
                "experiment": "idgi_scores",
                "metrics": ["insertion_score"],
                "comparison": "paired",
                "threshold": "all hold",
                "replication": {"networks": ["mobilenet_v2"]},
                "test": "paired_difference",
                "parameters": {
                    "questions": [
                        {"value": ["ratio"], "pairs": [["ig+idgi", "ig"]], "expected": "higher"}
                    ],
                    "alpha": 0.05,
                },
            },
            "notebook": "insertion",
        },
        {
            "id": "IDGI-FIG",
            "title": "It looks so",
            "location": "Figure 2",
            "statement": "Maps look sharper.",
            "internal": {"nothing_to_test": "a picture"},
            "external": {"nothing_to_test": "a matter of taste"},
        },
    ],
}


@pytest.fixture
def ledger(project):
    """Writes a changed copy of the valid ledger and loads it."""
    table = project / "data" / "paper" / "idgi" / "table_01.csv"
    table.parent.mkdir(parents=True)
    table.write_text("table,row,column,value,text\n1,a,b,0.5,.5\n")
    (project / "notebooks").mkdir()
    (project / "notebooks" / "insertion.py").touch()
    path = project / "data" / "claims" / "idgi.yml"

    def load(change=lambda document: None):
        document = copy.deepcopy(VALID)
        change(document)
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return schema.load_paper(path)

    return load


def test_a_valid_file_loads(ledger):
    paper = ledger()
    assert paper.paper == "idgi"
    first, second = paper.claims
    assert first.paper == second.paper == "idgi"
    assert first.printed == ("table_01",)
    assert first.external.parameters["alpha"] == 0.05
    assert second.external.nothing_to_test == "a matter of taste"
    assert second.notebook is None


def set_claim(*keys, value):
    def change(document):
        entry = document["claims"][0]
        for key in keys[:-1]:
            entry = entry[key]
        entry[keys[-1]] = value

    return change


def drop_claim(*keys):
    def change(document):
        entry = document["claims"][0]
        for key in keys[:-1]:
            entry = entry[key]
        del entry[keys[-1]]

    return change


WRONG_CLAIMS = {
    "no title": (drop_claim("title"), "title", "Field required"),
    "blank title": (set_claim("title", value="  "), "title", "at least 1 character"),
    "misspelt field": (set_claim("loction", value="Table 1"), "loction", "Extra inputs"),
    "misspelt field inside": (
        set_claim("external", "treshold", value="x"),
        "external.treshold",
        "Extra inputs",
    ),
    "a number for a text": (set_claim("statement", value=5), "statement", "valid string"),
    "one table without list": (set_claim("printed", value="table_01"), "printed", "valid tuple"),
    "unknown table": (
        set_claim("printed", value=["table_01", "table_99"]),
        "printed",
        "unknown table 'table_99'; known: table_01",
    ),
    "question and reason": (
        set_claim("internal", "nothing_to_test", value="none"),
        "internal.question",
        "only one",
    ),
    "neither question nor reason": (
        set_claim("internal", value={}),
        "internal.question",
        "either a question or nothing_to_test",
    ),
    "unknown metric": (
        set_claim("external", "metrics", value=["insertion_score", "inserton_score"]),
        "external.metrics",
        "unknown metric 'inserton_score'; known: accuracy",
    ),
    "unknown experiment": (
        set_claim("external", "experiment", value="idgi_score"),
        "external.experiment",
        "unknown experiment 'idgi_score' (mark it planned",
    ),
    "unknown test": (
        set_claim("external", "test", value="paired"),
        "external.test",
        "unknown external test 'paired'",
    ),
    "no experiment": (drop_claim("external", "experiment"), "external.experiment", "missing"),
    "no comparison": (drop_claim("external", "comparison"), "external.comparison", "missing"),
    "no threshold": (drop_claim("external", "threshold"), "external.threshold", "missing"),
    "a test to come that is not planned": (
        set_claim("external", "test", value="set_difference"),
        "external.test",
        "unknown external test 'set_difference' (mark it planned",
    ),
    "a parameter that the test does not know": (
        set_claim("external", "parameters", "paths", value=["ig"]),
        "external.parameters",
        "paired_difference: unknown parameters ['paths']",
    ),
    "a column that the rows do not have": (
        set_claim("external", "parameters", "questions", 0, "value", value=["ratjo"]),
        "external.parameters",
        "rows of idgi_scores have no column ratjo",
    ),
    "a replication by a column that the rows do not have": (
        set_claim("external", "replication", value={"least": {"climb_points": 51}}),
        "external.replication",
        "rows of idgi_scores have no column climb_points",
    ),
    "no replication": (drop_claim("external", "replication"), "external.replication", "missing"),
    "no test": (drop_claim("external", "test"), "external.test", "missing"),
    "reason beside an experiment": (
        set_claim("external", "nothing_to_test", value="none"),
        "external.nothing_to_test",
        "cannot stand beside",
    ),
    "unknown notebook": (
        set_claim("notebook", value="insertions"),
        "notebook",
        "unknown notebook 'insertions' (mark it planned",
    ),
    "another paper": (set_claim("paper", value="dre"), "paper", "must be 'idgi'"),
}


@pytest.mark.parametrize("case", WRONG_CLAIMS)
def test_errors_name_file_claim_and_field(ledger, case):
    change, field, problem = WRONG_CLAIMS[case]
    with pytest.raises(LedgerError) as caught:
        ledger(change)
    message = str(caught.value)
    assert "data/claims/idgi.yml" in message
    assert "claim IDGI-INS" in message
    assert f"field {field}: " in message
    assert problem in message


def test_an_error_in_the_second_claim_names_the_second(ledger):
    with pytest.raises(LedgerError, match=r"idgi\.yml: claim IDGI-FIG: field location"):
        ledger(lambda document: document["claims"][1].pop("location"))


@pytest.mark.parametrize("bad", ["idgi-ins", "IDGI", "IDGI_INS", "IDGI-", "IDGI-ins"])
def test_ids_have_one_form(ledger, bad):
    with pytest.raises(LedgerError, match=rf"claim {bad}: field id: .*pattern"):
        ledger(set_claim("id", value=bad))


def test_a_claim_without_id_is_named_by_its_number(ledger):
    with pytest.raises(LedgerError, match="claim number 0: field id: Field required"):
        ledger(drop_claim("id"))


def test_a_question_needs_a_registered_internal_test(ledger):
    with pytest.raises(LedgerError, match=r"claim IDGI-NEW: field internal\.question: no internal"):
        ledger(set_claim("id", value="IDGI-NEW"))


def test_what_is_planned_may_be_unknown(ledger):
    def plan(document):
        claim = document["claims"][0]
        claim["external"].update(experiment="later", test="asked_later", planned=True)
        claim.update(notebook="later", notebook_planned=True)

    assert ledger(plan).claims[0].external.planned


def test_a_planned_claim_still_uses_known_metrics(ledger):
    def plan(document):
        document["claims"][0]["external"].update(planned=True, metrics=["later"])

    with pytest.raises(LedgerError, match="unknown metric 'later'"):
        ledger(plan)


@pytest.mark.parametrize("field", ["title", "short", "citation_key"])
def test_papers_need_their_fields(ledger, field):
    with pytest.raises(LedgerError, match=rf"idgi\.yml: field {field}: Field required"):
        ledger(lambda document: document.pop(field))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.pop("claims"), "expected a mapping with a list `claims`"),
        (lambda document: document.update(claims={}), "expected a mapping with a list `claims`"),
        (lambda document: document.update(claims=["x"]), r"claim 0: field \(root\)"),
        (lambda document: document.update(paper="dre"), "field paper: must be 'idgi', got 'dre'"),
    ],
)
def test_the_shape_of_the_file(ledger, change, message):
    with pytest.raises(LedgerError, match=message):
        ledger(change)


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a\n- b\n", "expected a mapping"), ("", "expected a mapping"), ("a: [", "not valid YAML")],
)
def test_files_that_are_no_ledger(project, text, message):
    path = project / "data" / "claims" / "idgi.yml"
    path.write_text(text)
    with pytest.raises(LedgerError, match=rf"idgi\.yml: {message}"):
        schema.load_paper(path)


def test_a_missing_file_is_named(project):
    with pytest.raises(LedgerError, match=r"idgi\.yml: the ledger file does not exist"):
        load_papers()


def test_an_id_used_twice(ledger, monkeypatch):
    paper = ledger(lambda document: document["claims"][1].update(id="IDGI-INS"))
    monkeypatch.setattr(schema, "load_papers", lambda: (paper,))
    with pytest.raises(LedgerError, match=r"idgi\.yml: claim IDGI-INS: id used twice"):
        load_claims()


def test_the_repository_has_a_valid_ledger_without_stray_internal_tests():
    claims = load_claims()
    asked = {name for name, claim in claims.items() if claim.internal.question}
    assert set(INTERNAL_TESTS) == asked
    assert [paper.paper for paper in load_papers()] == ["idgi", "dre", "mege", "xmgd", "ggig"]


def test_names_of_metrics_are_words():
    assert all(name.isidentifier() and name == name.lower() for name in METRICS)


@pytest.mark.parametrize("field", ["comparison", "threshold", "replication"])
def test_text_that_is_still_to_be_written_stays_planned(ledger, field):
    text = "TO WRITE: what is compared"

    def unwritten(document, planned=False):
        external = document["claims"][0]["external"]
        external[field] = {"why": text} if field == "replication" else text
        external["planned"] = planned

    with pytest.raises(LedgerError, match=rf"field external\.{field}: still says TO WRITE"):
        ledger(unwritten)
    ledger(lambda document: unwritten(document, planned=True))
