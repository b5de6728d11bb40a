"""The Performance page shows what was measured, and says so where nothing was."""

import json
import re
import shutil

import pandas as pd
import pytest

from saliency_audit.locations import project_root
from saliency_audit.report.site.performance_page import COLUMNS, performance_page

ROW = {
    "model": "net_a",
    "quantity": "speed",
    "peer": "ig",
    "against": "bare passes 16",
    "batch": "auto",
    "layout": "",
    "steps": 32,
    "threads": 2,
    "device": "cpu",
    "rounds": 6,
    "median": 0.94,
    "minimum": 0.84,
    "maximum": 1.06,
    "goal": ">= 0.9",
}
HEADER = {
    "date": "2030-01-02",
    "device": "A Processor",
    "threads": 2,
    "cores": 4,
    "load_average": 0.3,
    "versions": {"torch": "9.9"},
    "commit": "c" * 40 + "+changes",
}


def measured(root, *rows, name="paths", header=HEADER):
    folder = root / "data" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([{**ROW, **row} for row in rows]).to_csv(folder / f"{name}.csv", index=False)
    if header is not None:
        (folder / f"{name}.json").write_text(json.dumps(header), encoding="utf-8")
    return performance_page(root)


def test_without_a_file_the_page_says_so_and_how_to_measure(tmp_path):
    text = performance_page(tmp_path)
    assert "Nothing has been measured yet: there is no `data/benchmarks/paths.csv`." in text
    assert "benchmarks/paths.py" in text
    assert "| network |" not in text


def test_ratios_stand_first_with_aim_and_whether_it_is_met(tmp_path):
    text = measured(
        tmp_path,
        {"quantity": "seconds_per_point", "median": 0.0327, "minimum": 0.03, "maximum": 0.04},
        {},
        {"against": "captum ig 8", "median": 1.38, "goal": ">= 1.6"},
        {"quantity": "time", "peer": "ig+idgi", "against": "ig auto", "goal": "<= 1.05"},
        {"quantity": "time", "peer": "blurig", "against": "ig auto", "median": 2, "goal": "<= 1.5"},
        {"peer": "gig", "goal": ""},
    )
    line = "| {} of `{}` | {} [0.84, 1.06] | {} | {} | `{}` |"
    yes, no = "[yes]{.holds}", "[no]{.fails}"
    assert line.format("speed", "ig", "0.94", "≥ 0.9", yes, "bare passes 16") in text
    assert line.format("speed", "ig", "1.38", "≥ 1.6", no, "captum ig 8") in text
    assert line.format("time", "ig+idgi", "0.94", "≤ 1.05", yes, "ig") in text
    assert line.format("time", "blurig", "2.00", "≤ 1.5", no, "ig") in text
    assert line.format("speed", "gig", "0.94", " ", " ", "bare passes 16") in text
    assert "ratio over 6 rounds" in text
    assert text.index("### net\\_a") < text.index("{dropdown} Milliseconds per gradient")
    assert "| net\\_a | `ig` | auto |   | 32 | 2 | 32.7 [30.0, 40.0] |" in text


def test_memory_is_a_table_by_steps(tmp_path):
    peaks = [("ig", 8, 1000.2), ("ig", 512, 1100.4), ("gig", 8, 900), ("gig", 512, 900)]
    text = measured(
        tmp_path,
        *(
            {"quantity": "peak_mib", "peer": peer, "steps": steps, "median": median, "goal": "same"}
            for peer, steps, median in peaks
        ),
    )
    assert "| method | 8 steps | 512 steps | 512 ÷ 8 |" in text
    assert "| `ig` | 1000 | 1100 | 1.10 |" in text
    assert "| `gig` | 900 | 900 | 1.00 |" in text


def test_the_circumstances_are_told(tmp_path):
    text = measured(tmp_path, {})
    assert "## On A Processor" in text
    assert "Measured on 2030-01-02; 2 threads of 4 cores; load average 0.3" in text
    assert "torch 9.9; commit `cccccccccccc+changes`." in text
    assert "{download}`data/benchmarks/paths.csv <../../data/benchmarks/paths.csv>`" in text


def test_a_busy_machine_is_told(tmp_path):
    assert "busy" not in measured(tmp_path, {})
    assert "was busy with other work" in measured(tmp_path, {}, header=HEADER | {"load_average": 5})


def test_a_table_without_its_header_is_shown_and_says_so(tmp_path):
    text = measured(tmp_path, {}, header=None)
    assert "The circumstances were not noted." in text
    assert "`bare passes 16`" in text


def test_every_network_has_its_table(tmp_path):
    text = measured(tmp_path, {}, {"model": "other", "median": 0.5})
    assert text.index("### net\\_a") < text.index("| 0.94 [") < text.index("### other")
    assert text.index("### other") < text.index("| 0.50 [")


def test_every_device_has_its_section(tmp_path):
    measured(tmp_path, {})
    text = measured(tmp_path, {}, name="paths_gpu", header={**HEADER, "device": "A Card"})
    assert text.index("## On A Processor") < text.index("## On A Card")


def test_information_curves_follow_the_paths_with_seconds_per_map(tmp_path):
    measured(tmp_path, {})
    of_map = {"quantity": "seconds_per_map", "peer": "exact", "against": "", "median": 1.5}
    speed = {"peer": "exact", "against": "pair", "median": 3.4, "goal": ">= 3"}
    text = measured(tmp_path, of_map, speed, name="curves")
    assert text.index("## On A Processor") < text.index("## Information curves on A Processor")
    assert "| ms per map |" in text
    assert "| 1500.0 [" in text
    assert "| speed of `exact` | 3.40 [" in text


@pytest.mark.parametrize("name", ["file_size", "entropy"], ids=["present", "former"])
def test_the_fast_mode_s_deviation_is_told_with_its_interval(tmp_path, name):
    folder = tmp_path / "data" / "benchmarks"
    folder.mkdir(parents=True)
    rows = [
        {"image": i, "method": m, "complexity": name, "exact": 0.5, "fast": 0.5 + d}
        for i, d in enumerate((-0.02, 0.0, 0.01, 0.05))
        for m in ("ig", "saliency")
    ]
    pd.DataFrame(rows).to_csv(folder / "fast_deviation.csv", index=False)
    text = performance_page(tmp_path)
    assert "## What the fast mode costs in accuracy" in text
    assert re.search(r"\| file size \| 0\.010 \[.*\] \| .*0\.020 to 0\.050 \| 8 \| 4 \|", text), (
        text
    )
    assert "fast mode costs" not in performance_page(tmp_path / "elsewhere")


def test_a_file_of_another_kind_is_refused(tmp_path):
    folder = tmp_path / "data" / "benchmarks"
    folder.mkdir(parents=True)
    (folder / "paths.csv").write_text("model,quantity\na,speed\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"paths\.csv lacks the columns peer, against, .*threads.*again"
    ):
        performance_page(tmp_path)


def test_numbers_of_threads_have_tables_of_their_own(tmp_path):
    header = {**HEADER, "threads": [1, 2]}
    one = {"threads": 1, "median": 0.5, "peer": "rise"}
    text = measured(tmp_path, one, {}, name="methods", header=header)
    assert "## Beside other libraries on A Processor" in text
    assert "1 and 2 threads of 4 cores" in text
    headings = text.index("### net\\_a, 1 thread\n"), text.index("### net\\_a, 2 threads\n")
    assert headings[0] < text.index("speed of `rise`") < headings[1] < text.index("speed of `ig`")


@pytest.mark.parametrize("name", ["paths", "methods", "curves", "ranks", "extremal"])
def test_the_measured_files_of_the_project_are_shown_in_full(tmp_path, name):
    source = project_root() / "data" / "benchmarks" / f"{name}.csv"
    if not source.is_file():
        pytest.skip("not measured in this checkout")
    (tmp_path / "data" / "benchmarks").mkdir(parents=True)
    for file in (source, source.with_suffix(".json")):
        shutil.copy(file, tmp_path / "data" / "benchmarks")
    rows = pd.read_csv(source)
    assert set(COLUMNS) <= set(rows.columns)
    text = performance_page(tmp_path)
    assert text.count("| speed of `") == (rows["quantity"] == "speed").sum()
    assert text.count("| time of `") == (rows["quantity"] == "time").sum()
    assert "nan" not in text
