"""Small parts: words, links to claims, docstrings, code places, manifests."""

import re

import pandas as pd
import pyarrow as pa
import pytest
from docutils.core import publish_doctree
from sphinx.ext.napoleon import Config, GoogleDocstring

from saliency_audit.ledger import Verdict
from saliency_audit.ledger.statistics import Estimate
from saliency_audit.locations import project_root
from saliency_audit.report import words
from saliency_audit.report.site import recorded_runs, verdicts
from saliency_audit.report.site.claim_links import claim_pages, split_at_ids
from saliency_audit.report.site.code_links import (
    experiment_place,
    external_test_place,
    internal_test_place,
)
from saliency_audit.report.site.docstrings import plain_to_rst, process_docstring
from saliency_audit.report.site.external_part import recorded_block
from saliency_audit.report.site.mathjax import mathjax_file
from saliency_audit.study import Slice
from saliency_audit.study.sealed import write_sealed


def test_every_verdict_has_words():
    assert set(verdicts.INTERNAL_MEANING) == set(verdicts.EXTERNAL_MEANING) == set(Verdict)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.041, 0.076, "0.058 [0.041, 0.076]"),
        (-1.2, 3.4, "1.10 [−1.20, 3.40]"),
        (0.00041, 0.00049, "0.000450 [0.000410, 0.000490]"),
        (0.5, 0.5, "0.500"),
        (2.9e-8, 3.7e-8, "3.3e−8 [2.9e−8, 3.7e−8]"),
        (-3e-8, 3e-8, "0 [−3.0e−8, 3.0e−8]"),
        (2e-7, 2e-7, "2.0e−7"),
        (0.00002, 0.2, "0.10 [2.0e−5, 0.20]"),
        (-0.004, 0.3, "0.15 [−0.004, 0.30]"),
    ],
)
def test_estimates_show_the_digits_that_their_interval_supports(low, high, text):
    assert words.estimate(Estimate((low + high) / 2, low, high, 10)) == text


def test_no_estimate_is_a_dash():
    assert words.estimate(None) == "—"


def test_counts_and_times_read_well():
    assert words.count(1, "claim") == "1 claim"
    assert words.count(2, "erratum", "errata") == "2 errata"
    assert words.count(1657, "cell") == "1 657 cells"
    assert [words.duration(s) for s in (45, 720, 12600)] == ["45 s", "12 min", "3.5 h"]
    assert words.table_title("table_04") == "Table 4"
    assert words.table_title("section_5") == "Section 5"
    assert words.p_value(0) == "< 0.0001"
    assert words.p_value(0.0312) == "0.0312"
    assert words.p_value(float("nan")) == "—"


def test_numbers_are_zero_only_if_they_are():
    assert words.number(0.0, 2) == "0.00"
    assert words.number(-1.234, 2) == "−1.23"
    assert words.number(1.2e-8, 6) == "1.2e−8"
    assert words.number(-0.0031, 2) == "−0.003"
    assert words.number(0.0096, 2) == "0.01"
    assert words.number(float("nan")) == "—"


def test_three_figures_are_three_figures():
    values = (0.011548, -1.2345, 12.345, 1234.5, 2.4e-8, 0.0, float("nan"))
    shown = ["0.0115", "−1.23", "12.3", "1234", "2.4e−8", "0.00", "—"]
    assert [words.three_figures(value) for value in values] == shown


def test_ids_in_text_are_found_whole():
    known = claim_pages(["book/claims/dre-pdf", "book/claims/dre", "book/index"])
    assert known == {"DRE-PDF": "book/claims/dre-pdf", "DRE": "book/claims/dre"}
    assert split_at_ids("see DRE-PDF, not XDRE-PDF or DRE-PDF-2", known) == [
        ("see ", None),
        ("DRE-PDF", "book/claims/dre-pdf"),
        (", not XDRE-PDF or DRE-PDF-2", None),
    ]
    assert split_at_ids("nothing here", known) == []
    assert split_at_ids("DRE-PDF", {}) == []


@pytest.mark.parametrize(
    "line",
    [
        "distances of S= and |S=|, x_ and *args",
        "`a`s and un`b`",
        "shape `(N, C, H, W)`, score f_c(x) \\ y",
        "``double`` and `single`",
        "|S≠| / |S|",
    ],
)
def test_docstrings_become_harmless_rst(line):
    settings = {"report_level": 1, "halt_level": 2, "warning_stream": False}
    doctree = publish_doctree(plain_to_rst(line), settings_overrides=settings)
    assert doctree.astext() == line.replace("`", "")


@pytest.mark.parametrize(
    ("what", "docstring"),
    [
        ("function", "Does it.\n\nReturns:\n    Per model a comparison: it holds if `p` passes."),
        ("property", "Neither holds nor contradicts: noise."),
    ],
)
def test_words_before_a_colon_are_no_type(what, docstring):
    lines = docstring.splitlines()
    process_docstring(None, what, "f", None, None, lines)
    made = str(GoogleDocstring(lines, Config(napoleon_use_rtype=True), what=what, name="f"))
    assert "type" not in made
    said = docstring.splitlines()[-1].strip().replace("`", "``")
    assert said in made


def test_code_is_found_with_its_lines():
    place = internal_test_place("IDGI-INS")
    assert place is not None
    assert place.path.startswith("src/saliency_audit/ledger/internal/")
    assert place.first < place.last
    assert place.source_page.endswith(f".html#{place.name}")
    assert internal_test_place("XX-NONE") is None
    assert external_test_place("paired_difference") is not None
    assert external_test_place("unwritten") is None
    assert external_test_place(None) is None
    assert experiment_place("idgi_scores") is not None
    assert experiment_place("unwritten") is None


def test_mathjax_is_installed_as_one_file():
    assert mathjax_file().stat().st_size > 1_000_000


@pytest.fixture
def manifests(tmp_path, monkeypatch):
    """The project folder, with recorded rows of three tasks."""
    path = tmp_path / "data" / "results" / "reference" / "trial.parquet"
    monkeypatch.setattr(recorded_runs, "recorded_path", lambda name, profile: path)

    def slice_of(task, model, first, **notes):
        manifest = {
            "task": task,
            "rows": 10,
            "rows_sha256": "0" * 64,
            "parameters": {"model": model, "steps": 32, "first": first, "last": first + 5},
            "notes": {"candidates": 5, "used": 4, "misclassified": 1, "unreadable": [], **notes},
            "computed": f"2030-01-0{first + 1}T00:00:00+00:00",
            "commit": "c" * 40,
            "device": "cpu",
            "seconds": 1.5,
            "packages": {"torch": "9.9"},
        }
        return Slice(manifest, pa.table({"value": [0.5] * 10}))

    write_sealed(
        path,
        [
            slice_of("a-ig-00000", "a", 0),
            slice_of("a-ig-00005", "a", 5, unreadable=["broken.jpg"], misclassified=0),
            slice_of("b-ig-00000", "b", 0),
        ],
    )
    return tmp_path


def test_manifests_are_added_up(manifests):
    run = recorded_runs.recorded_run("trial", "reference", manifests)
    assert run is not None
    assert (run.tasks, run.rows, run.seconds) == (3, 30, 4.5)
    assert run.path == "data/results/reference/trial.parquet"
    assert dict(run.common) == {"steps": 32}
    assert run.computed == ("2030-01-01", "2030-01-06")
    assert [(s.name, s.candidates, s.used, s.misclassified, s.unreadable) for s in run.series] == [
        ("a-ig", 10, 8, 1, ("broken.jpg",)),
        ("b-ig", 5, 4, 1, ()),
    ]


def test_the_recipe_on_a_claim_page_reads_the_rows(manifests, monkeypatch):
    run = recorded_runs.recorded_run("trial", "reference", manifests)
    text = recorded_block("reference", run)
    (recipe,) = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(manifests)
    found = {}
    exec(recipe, found)
    expected = pd.DataFrame({"value": [0.5] * 30})
    pd.testing.assert_frame_equal(found["rows"].drop(columns="task"), expected)
    assert found["rows"]["task"].unique().tolist() == ["a-ig-00000", "a-ig-00005", "b-ig-00000"]
    assert "30 from 3 tasks" in text
    for name in ("trial.parquet", "trial.json"):
        assert f"{{download}}`data/results/reference/{name} <../../data/results/reference/" in text


def test_methods_that_the_file_has_under_former_names_are_named():
    def text(experiment):
        run = recorded_runs.recorded_run(experiment, "reference", project_root())
        return recorded_block("reference", run)

    assert "methods in the file" not in text("idgi_scores")
    assert "`ig` is now `ig_without_product`, `ig_product` is now `ig`" in text("ggig_sigma")


@pytest.mark.parametrize("content", ['{"rows": 1', "[]"])
def test_a_broken_manifest_is_left_to_the_ledger(manifests, content):
    (path,) = manifests.rglob("*.json")
    path.write_text(content, encoding="utf-8")
    assert recorded_runs.recorded_run("trial", "reference", manifests) is None


def test_no_manifest_is_no_run(manifests):
    for path in manifests.rglob("*.json"):
        path.unlink()
    assert recorded_runs.recorded_run("trial", "reference", manifests) is None
