"""The built site in a real browser: no error, no outside request, readable on a phone."""

from urllib.parse import urlsplit

import pytest

from .conftest import SCREENSHOTS, SITE

pytestmark = pytest.mark.browser

# Looked at in both themes and widths, and photographed.
CHOSEN = (
    "book/index",
    "book/audit",
    "book/rerun",
    "book/architecture",
    "book/api-attributions",
    "book/papers/idgi",
    "book/claims/idgi-ins",
    "book/claims/idgi-steps",
    "book/claims/mr-def",
    "book/generated/claims",
    "book/generated/errata",
    "book/generated/performance",
    "book/generated/printed-idgi",
    "notebooks/idgi_insertion",
)
VIEWS = [(theme, width) for theme in ("light", "dark") for width in (1400, 390)]


class Watch:
    """Collects what must not happen while pages are open."""

    def __init__(self, page, host):
        self.faults = []
        self.page = page
        self.host = host
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.note(f"error: {error}"))
        page.on("requestfailed", self.failed)
        page.on("response", self.response)
        page.on("request", self.request)

    def note(self, fault):
        self.faults.append(f"{self.page.url}: {fault}")

    def console(self, message):
        if message.type in ("error", "warning"):
            self.note(f"console {message.type}: {message.text}")

    def failed(self, request):
        # Chromium drops what it still waits for (the icon, say) when the next page is opened.
        if request.failure != "net::ERR_ABORTED":
            self.note(f"failed ({request.failure}): {request.url}")

    def response(self, response):
        if response.status >= 400:
            self.note(f"status {response.status}: {response.url}")

    def request(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host:
            self.note(f"outside request: {request.url}")


def opened_context(browser, address, theme="light", width=1400):
    context = browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    return context, page, Watch(page, urlsplit(address).netloc)


def visit(page, address):
    page.goto(address, wait_until="load")
    page.evaluate("() => window.MathJax && MathJax.startup && MathJax.startup.promise")


def opened(browser, address, theme="light", width=1400):
    _, page, watch = opened_context(browser, address, theme, width)
    visit(page, address)
    return page, watch


def sideways(page):
    return page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def poor_pictures(page):
    """Pictures without an alternative text, or with a file name for one."""
    return page.evaluate(
        """() => [...document.querySelectorAll('img')]
        .filter(img => !img.alt.trim() || /[/]|[.](png|svg|jpe?g)$/.test(img.alt))
        .map(img => img.src.slice(0, 80) + ' alt=' + img.alt)"""
    )


def all_pages():
    found = sorted(SITE.rglob("*.html")) if SITE.is_dir() else []
    names = [path.relative_to(SITE).with_suffix("").as_posix() for path in found]
    # The page at the root only leads on to the first one.
    return [name for name in names if name != "index" and not name.startswith(("_static", "_mod"))]


@pytest.mark.parametrize("part", range(4))
def test_no_page_has_an_error_or_scrolls_sideways_on_a_phone(browser, server, part):
    faults = []
    context, page, watch = opened_context(browser, server, width=390)
    for name in all_pages()[part::4]:
        visit(page, f"{server}/{name}.html")
        if (excess := sideways(page)) > 0:
            faults.append(f"{name}: scrolls sideways by {excess} px")
        faults += [f"{name}: {picture}" for picture in poor_pictures(page)]
    faults += watch.faults
    assert not faults, "\n".join(faults[:40])
    context.close()


@pytest.mark.parametrize(("theme", "width"), VIEWS)
def test_chosen_pages_in_every_view(browser, server, theme, width):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    faults = []
    context, page, watch = opened_context(browser, server, theme, width)
    for name in CHOSEN:
        visit(page, f"{server}/{name}.html")
        assert page.evaluate("() => document.documentElement.dataset.theme") == theme
        picture = SCREENSHOTS / f"{name.replace('/', '-')}-{theme}-{width}.png"
        page.screenshot(path=picture, full_page=True)
        if (excess := sideways(page)) > 0:
            faults.append(f"{name}: scrolls sideways by {excess} px")
    faults += watch.faults
    assert not faults, "\n".join(faults)
    context.close()


def test_the_address_of_the_site_leads_to_the_first_page(browser, site):
    _, page, watch = opened_context(browser, "")
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    assert not watch.faults
    page.context.close()


@pytest.mark.parametrize("name", CHOSEN)
def test_works_from_the_disk(browser, site, name):
    page, watch = opened(browser, (site / f"{name}.html").as_uri(), "dark")
    assert page.title()
    assert not watch.faults
    page.context.close()


def test_formulas_are_drawn_offline(browser, site):
    page, watch = opened(browser, (site / "book/papers/idgi.html").as_uri())
    page.wait_for_selector("mjx-container svg")
    assert not watch.faults
    page.context.close()


def test_dark_mode_leaves_the_colours_of_maps_alone(browser, server):
    page, _ = opened(browser, f"{server}/notebooks/idgi_insertion.html", "dark")
    filters = page.evaluate(
        "() => [...document.querySelectorAll('.bd-content img')].map(i => getComputedStyle(i).filter)"
    )
    assert set(filters) <= {"none"}
    page.context.close()


def test_search_finds_a_claim_from_the_disk(browser, site):
    page, watch = opened(browser, (site / "search.html").as_uri() + "?q=insertion")
    page.wait_for_selector("#search-results li a")
    assert not watch.faults
    page.context.close()


@pytest.fixture
def table(browser, server):
    page, watch = opened(browser, f"{server}/book/generated/claims.html")
    yield page
    assert not watch.faults
    page.context.close()


def shown(page, column):
    return page.evaluate(
        """column => [...document.querySelectorAll('#claims-table tbody tr')]
        .filter(row => !row.hidden).map(row => row.cells[column].textContent.trim())""",
        column,
    )


def test_claims_table_sorts_by_mouse_and_keyboard(table):
    header = table.locator("#claims-table thead th").first
    header.locator("button").click()
    names = shown(table, 0)
    assert header.get_attribute("aria-sort") == "ascending"
    assert names == sorted(names)
    header.locator("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert shown(table, 0) == names[::-1]
    internal = table.locator("#claims-table thead th").nth(3)
    internal.locator("button").press("Space")
    assert header.get_attribute("aria-sort") is None
    order = ["reproduced", "partly", "not reproduced", "inconclusive", "not tested"]
    places = [order.index(word) for word in shown(table, 3)]
    assert places == sorted(places)


def test_claims_table_filters_and_says_how_many_are_left(table):
    every = shown(table, 0)
    table.get_by_label("Paper").select_option("dre")
    some = shown(table, 0)
    assert some
    assert all(name.startswith("DRE-") for name in some)
    table.get_by_label("Internal verdict").select_option("partly")
    assert set(shown(table, 3)) <= {"partly"}
    assert f"{len(shown(table, 0))} of {len(every)}" in table.locator("output").inner_text()
    table.get_by_role("button", name="Show all").click()
    table.wait_for_function(f"document.querySelector('output').value.startsWith('{len(every)} ')")
    table.get_by_label("Words").fill("skewness")
    assert 0 < len(shown(table, 0)) < len(every)


@pytest.mark.parametrize(
    ("label", "column", "verdict"),
    [
        ("Internal verdict", 3, "partly"),
        ("Released code", 4, "deviates"),
        ("Replication", 5, "partly"),
        ("Generalisation", 6, "partly"),
    ],
)
def test_claims_table_filters_by_every_verdict(table, label, column, verdict):
    table.get_by_label(label).select_option(verdict)
    found = shown(table, column)
    assert found
    # Beside the verdict stands the profile of its rows.
    assert all(text.split()[0] == verdict for text in found)


def test_claims_table_is_whole_without_scripts(browser, server):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/book/generated/claims.html")
    assert page.locator("#claims-table tbody tr").count() > 40
    assert not page.locator("#claims-filter").is_visible()
    context.close()
