"""The build runs when an input changed, and only then; a failure says what was wrong."""

import pytest

from saliency_audit.report.site import build, pages


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("book/claims", "data/claims", "notebooks", "runs/rows", "src"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml", "requirements.lock", "book/index.md", "src/a.py"):
        (tmp_path / name).write_text("text", encoding="utf-8")
    monkeypatch.setenv("SALIENCY_PROJECT", str(tmp_path))
    monkeypatch.setattr(pages, "write_pages", lambda: [])
    return tmp_path


@pytest.fixture
def builds(project, monkeypatch):
    done = []

    def run(root, log, strict):
        done.append(strict)
        for folder in ("html", ".doctrees"):
            (root / "_build" / folder).mkdir(parents=True, exist_ok=True)
        (root / "_build" / "html" / "index.html").write_text("site", encoding="utf-8")

    monkeypatch.setattr(build, "_run_jupyter_book", run)
    return done


def fail(root, log, strict):
    raise build.SiteError("no")


def test_nothing_changed_means_nothing_done(project, builds):
    assert build.build_site() == project / "_build" / "html" / "index.html"
    told = []
    build.build_site(tell=told.append)
    assert builds == [True]
    assert told == ["the site is up to date"]


@pytest.mark.parametrize(
    "name", ["book/index.md", "src/a.py", "_toc.yml", "runs/new.ipynb", "data/claims/new.yml"]
)
def test_a_changed_or_new_input_builds_again(project, builds, name):
    build.build_site()
    (project / name).write_text("other", encoding="utf-8")
    build.build_site()
    assert len(builds) == 2


@pytest.mark.parametrize(
    "name", ["book/claims/x.md", "runs/rows/x.parquet", "README.md", "src/__pycache__/a.pyc"]
)
def test_what_the_site_is_not_made_from_does_not_count(project, builds, name):
    build.build_site()
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("other", encoding="utf-8")
    build.build_site()
    assert len(builds) == 1


def test_a_strict_build_starts_clean(project, builds):
    stale = project / "_build" / "html" / "old.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("old", encoding="utf-8")
    (project / "_build" / ".doctrees").mkdir()
    assert is_read_again(project)
    assert not stale.exists()


def test_a_lenient_build_does_not_stand_for_a_strict_one(project, builds):
    build.build_site(strict=False)
    build.build_site()
    assert builds == [False, True]


def is_read_again(project):
    """Whether the next build keeps the pages that the last one read."""
    read = project / "_build" / ".doctrees" / "index.doctree"
    read.write_text("as read", encoding="utf-8")
    build.build_site()
    return not read.exists()


@pytest.mark.parametrize(
    ("name", "everything"),
    [
        *[("book/index.md", False), ("src/a.py", False), ("runs/new.ipynb", False)],
        *[("book/claims/old.md", False), ("notebooks/old.py", False)],
        *[("_config.yml", True), ("_toc.yml", True), ("requirements.lock", True)],
        *[("book/new.md", True), ("book/claims/new.md", True), ("notebooks/new.py", True)],
        *[("book/references.bib", True), ("src/saliency_audit/report/site/parts.py", True)],
    ],
)
def test_pages_are_kept_as_read_and_written_unless_what_all_depend_on_changed(
    project, builds, name, everything
):
    for page in ("book/claims/old.md", "notebooks/old.py"):
        (project / page).write_text("text", encoding="utf-8")
    build.build_site()
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("other", encoding="utf-8")
    (project / "book" / "index.md").write_text("other", encoding="utf-8")
    old = project / "_build" / "html" / "old.html"
    old.write_text("old", encoding="utf-8")
    assert is_read_again(project) == everything
    assert old.exists() != everything


def test_after_a_failed_or_a_lenient_build_every_page_is_read(project, builds, monkeypatch):
    build.build_site()
    (project / "book" / "index.md").write_text("broken", encoding="utf-8")
    with monkeypatch.context() as broken:
        broken.setattr(build, "_run_jupyter_book", fail)
        with pytest.raises(build.SiteError):
            build.build_site()
    assert is_read_again(project)
    (project / "book" / "index.md").write_text("other", encoding="utf-8")
    build.build_site(strict=False)
    assert is_read_again(project)


def test_a_link_that_breaks_in_an_unchanged_page_fails_the_build(project, monkeypatch):
    extensions = "sphinx.ext.autodoc, saliency_audit.report.site.sphinx_ext"
    config = f"title: Small\nsphinx: {{extra_extensions: [{extensions}]}}\n"
    (project / "_config.yml").write_text(config, encoding="utf-8")
    toc = "format: jb-book\nroot: book/index\nchapters: [{file: book/other}]\n"
    (project / "_toc.yml").write_text(toc, encoding="utf-8")
    (project / "book" / "generated").mkdir()
    index, log = project / "book" / "index.md", project / "_build" / "build.log"
    index.write_text("# One\n\n(place)=\n## Place\n", encoding="utf-8")
    # The unchanged page is not the first one, which Sphinx always writes.
    (project / "book" / "other.md").write_text("# Two\n\n[There](place)\n", encoding="utf-8")
    build.build_site()
    written = (project / "_build/html/book/other.html").stat().st_mtime_ns
    index.write_text("# One\n\n(place)=\n## Place\n\nMore.\n", encoding="utf-8")
    build.build_site()
    assert "1 changed" in log.read_text(encoding="utf-8")
    assert "More." in (project / "_build/html/book/index.html").read_text(encoding="utf-8")
    assert (project / "_build/html/book/other.html").stat().st_mtime_ns == written
    index.write_text("# One\n\n## Place\n", encoding="utf-8")
    for changed in ("0 added, 1 changed", "2 added, 0 changed"):
        with pytest.raises(build.SiteError, match=r"other.md:3: WARNING: .*'place'"):
            build.build_site()
        assert changed in log.read_text(encoding="utf-8")


def test_a_failed_build_is_not_remembered(project, builds, monkeypatch):
    build.build_site()
    working = build._run_jupyter_book
    monkeypatch.setattr(build, "_run_jupyter_book", fail)
    (project / "book" / "index.md").write_text("broken", encoding="utf-8")
    with pytest.raises(build.SiteError):
        build.build_site()
    monkeypatch.setattr(build, "_run_jupyter_book", working)
    (project / "book" / "index.md").write_text("text", encoding="utf-8")
    build.build_site()
    assert len(builds) == 2


def test_a_build_that_cannot_start_says_why(project):
    (project / "_config.yml").write_text("title: [", encoding="utf-8")
    with pytest.raises(build.SiteError, match=r"the site could not be built[\s\S]*build.log"):
        build.build_site()


def test_the_message_names_the_warnings(tmp_path):
    message = build.failure_message("reading\na.md:3: WARNING: bad link\ndone", tmp_path / "log")
    assert message.splitlines()[1] == "a.md:3: WARNING: bad link"
    assert "reading" not in message
    assert "reading" in build.failure_message("reading\ncrash", tmp_path / "log")
    many = "\n".join(f"a.md:{line}: WARNING: bad link" for line in range(45))
    assert "… and 5 more" in build.failure_message(many, tmp_path / "log").splitlines()
