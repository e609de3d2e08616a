"""The built pages in a browser: `make html` comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from book._ext import chromium
from tests.book.site_visit import (
    DESK,
    HTML,
    PATIENCE,
    PHONE,
    Visit,
    anchors,
    broken_links,
    built_pages,
    citations_written,
    pages,
    served,
    soup,
    visit,
)

PAGES = pages()

# The contrast of thousands of highlighted words took axe nine tenths of its time (16 s of 18 on
# the ledger). Where element, classes, colours and font are the same all the way up, the contrast
# is too: four visible texts of a look stand for all. One character or a symbol is a look of its
# own, as axe doesn't judge it: four colons would otherwise stand for an unreadable word.
MARK_WHAT_LOOKS_ALIKE = """() => {
    const looks = new Map(), lookOf = new Map(), texts = new Map();
    for (const one of document.querySelectorAll("*")) {
        const style = getComputedStyle(one);
        const look = [
            lookOf.get(one.parentElement), one.localName, one.getAttribute("class"),
            style.color, style.backgroundColor, style.backgroundImage, style.opacity,
            style.fontSize, style.fontWeight,
        ].join();
        if (!looks.has(look)) looks.set(look, looks.size);
        lookOf.set(one, looks.get(look));
        const text = [...one.childNodes]
            .map((node) => node.nodeType === Node.TEXT_NODE ? node.data : "").join("").trim();
        if (text && one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
            const kind = [lookOf.get(one), text.length > 1, /\\w/.test(text)].join();
            texts.set(kind, (texts.get(kind) ?? 0) + 1);
            one.toggleAttribute("data-looks-alike", texts.get(kind) > 4);
        }
    }
}"""
# The rule's selector, not an exclusion from the run, which would take what is inside along.
LEAVE_OUT_WHAT_LOOKS_ALIKE = """
    axe.configure({ rules: [{ id: "color-contrast", selector: ":not([data-looks-alike])" }] });
"""
AXE = Axe(AXE_SCRIPT + LEAVE_OUT_WHAT_LOOKS_ALIKE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(), args=list(chromium.FLAGS), timeout=PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served(HTML) as address:
        yield address


# Opened once for the tests of a page that read it at a desk: opening takes longer than looking.
@pytest.fixture(scope="module", params=PAGES)
def at_desk(browser: Browser, origin: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    with visit(browser, f"{origin}/{request.param}", theme="dark") as seen:
        yield seen


def test_the_pages_are_built():
    assert built_pages() == PAGES, "the pages in _build/html differ: run `make html` first"
    assert any(soup(page).select(".diagram") for page in PAGES)
    assert any(map(citations_written, PAGES))


@pytest.mark.parametrize("page", PAGES)
def test_each_claim_link_of_the_text_is_on_the_page(page: str):
    assert len(soup(page).select(".mark-link")) == citations_written(page)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_book_leads_somewhere(page: str):
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_id_stands_twice_on_a_page(page: str):
    assert [one for one, count in Counter(anchors(page)[0]).items() if count > 1] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_shared_link_shows_title_and_description(page: str):
    parsed = soup(page)
    tags = {one["property"]: one["content"] for one in parsed.select("meta[property]")}
    assert tags["og:title"] == parsed.h1.find(string=True).strip()
    assert tags["og:site_name"] == "Kubernetes, observed"
    assert len(tags["og:description"]) > 40
    assert parsed.select_one("meta[name=description]")["content"] == tags["og:description"]


def test_a_page_is_whole_and_quiet(at_desk: Visit, origin: str):
    assert at_desk.complaints == []
    assert at_desk.requests_beyond(origin) == []
    assert diagrams_without_words(at_desk.page) == []


@pytest.mark.parametrize("at_desk", [*filter(citations_written, PAGES)], indirect=True)
def test_a_mark_tells_its_story_to_the_keyboard(at_desk: Visit):
    marks = at_desk.page.locator(".mark-link")
    note = at_desk.page.locator(".mark-note").first
    assert not note.is_visible()
    at_desk.page.keyboard.press("Tab")  # The focus is seen from now on, as with the keyboard.
    marks.first.focus()
    assert note.is_visible()
    box = note.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= DESK["width"]


@pytest.fixture(scope="module")
def cited() -> str:
    """A page with claim links and diagrams."""
    return next(page for page in PAGES if citations_written(page) and soup(page).select(".diagram"))


def test_escape_closes_a_note_and_the_pointer_may_enter_it(
    browser: Browser, origin: str, cited: str
):
    with visit(browser, f"{origin}/{cited}") as seen:
        mark, note = seen.page.locator(".mark-link").first, seen.page.locator(".mark-note").first
        mark.hover()
        link = note.locator("a").first
        box, start = link.bounding_box(), mark.bounding_box()
        # In small steps, as a hand moves: over the line between the two.
        seen.page.mouse.move(start["x"] + 5, start["y"] + start["height"] + 8)
        seen.page.mouse.move(box["x"] + 5, box["y"] + 5, steps=10)
        assert note.is_visible()
        seen.page.keyboard.press("Escape")
        assert not note.is_visible()


def test_the_first_tap_opens_a_note_and_the_second_follows_the_link(
    browser: Browser, origin: str, cited: str
):
    context = browser.new_context(viewport=PHONE, has_touch=True)
    page = context.new_page()
    page.goto(f"{origin}/{cited}")
    mark, note = page.locator(".mark-link").first, page.locator(".mark-note").first
    mark.tap()
    assert note.is_visible()
    assert page.url.endswith(cited)
    mark.tap()
    page.wait_for_url("**/labs/**")
    context.close()


def test_a_tap_on_a_term_shows_its_definition_until_the_next_tap(
    browser: Browser, origin: str, cited: str
):
    context = browser.new_context(viewport=PHONE, has_touch=True)
    page = context.new_page()
    page.goto(f"{origin}/{cited}")
    terms, notes = page.locator("a[title][href*='#term-']"), page.locator(".term-note")
    for term in (terms.nth(0), terms.nth(1)):
        term.tap()
        assert notes.count() == 1
        assert term.get_attribute("title") in notes.text_content()
    terms.nth(1).tap()
    page.wait_for_url("**/glossary.html*")
    context.close()


def test_copied_text_has_no_words_of_notes(browser: Browser, origin: str, cited: str):
    with visit(browser, f"{origin}/{cited}") as seen:
        copied = seen.page.evaluate(
            """() => {
                const paragraph = document.querySelector(".mark-link").closest("p, li");
                getSelection().selectAllChildren(paragraph);
                return getSelection().toString();
            }"""
        )
        assert copied
        assert "Evidence" not in copied


def test_without_scripts_a_page_shows_its_diagrams_and_marks(
    browser: Browser, origin: str, cited: str
):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{origin}/{cited}")
    assert page.locator(".diagram-light svg").first.is_visible()
    assert not page.locator(".diagram-dark svg").first.is_visible()
    assert page.locator(".mark-icon").first.is_visible()
    context.close()


def test_a_page_and_its_diagrams_follow_the_theme(at_desk: Visit):
    assert theme(at_desk.page) == "dark"
    diagrams = at_desk.page.locator(".diagram svg").count() // 2
    assert shown_diagrams(at_desk.page) == ["dark"] * diagrams
    change_theme(at_desk.page, "light")
    assert shown_diagrams(at_desk.page) == ["light"] * diagrams
    assert at_desk.complaints == []
    assert diagrams_without_words(at_desk.page) == []


@pytest.mark.parametrize("shown", ["light", "dark"])
def test_a_page_is_accessible(at_desk: Visit, shown: str):
    change_theme(at_desk.page, shown)
    assert violations(at_desk.page) == []


def test_a_word_that_is_hard_to_read_is_found_among_many(browser: Browser):
    with browser.new_page() as page:
        page.set_content(
            f"""<html lang="en"><title>Words</title><main>
            {"<b>:</b> <b>word</b> " * 20} <b style="color: #999">unreadable</b></main></html>"""
        )
        assert [one.split(":")[0] for one in violations(page)] == ["color-contrast"]
        assert page.locator("[data-looks-alike]").count() == 2 * (20 - 4)


# One visit for two questions: what fits a phone from a file does so from a server.
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opened_by_double_click_is_whole_and_fits_a_phone(browser: Browser, page: str):
    with visit(browser, (HTML / page).as_uri(), viewport=PHONE) as seen:
        assert theme(seen.page) == "light"
        # The theme preloads its icons' fonts, which Chromium refuses from file://; the style
        # sheet's own reference to them loads all the same.
        assert [one for one in seen.complaints if "/webfonts/" not in one] == []
        assert seen.page.evaluate("document.fonts.check(`900 16px 'Font Awesome 6 Free'`)")
        assert seen.requests_beyond(HTML.as_uri()) == []
        assert wider_than_the_screen(seen.page) == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_keyboard_skips_to_the_text(browser: Browser, origin: str):
    with visit(browser, f"{origin}/{PAGES[0]}") as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent.trim()") == (
            "Skip to main content"
        )
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_function("location.hash === '#main-content'")


def theme(page: Page) -> str:
    """Return the theme that the page shows: `light` or `dark`."""
    return page.evaluate("document.documentElement.dataset.theme")


def change_theme(page: Page, wanted: str) -> None:
    """Change the theme as the page's button does."""
    page.evaluate("wanted => { document.documentElement.dataset.theme = wanted }", wanted)
    # Half-way through its transition a colour has less contrast than either theme's.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")


def shown_diagrams(page: Page) -> list[str]:
    """Return the theme of each diagram that the page shows."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".diagram")]
            .filter((one) => one.checkVisibility())
            .map((one) => one.classList.contains("diagram-dark") ? "dark" : "light")"""
    )


def diagrams_without_words(page: Page) -> list[str]:
    """Return the drawn diagrams that lack a title, a description or a caption."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".diagram svg")]
            .filter((svg) => !svg.querySelector("title")?.textContent
                || !svg.querySelector("desc")?.textContent
                || !svg.closest("figure")?.querySelector("figcaption"))
            .map((svg) => svg.id)"""
    )


def wider_than_the_screen(page: Page) -> list[str]:
    """Return what in the article sticks out at the right, outside of frames that scroll."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".bd-article *")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
            .filter((one) => !one.closest(".mark-note"))
            .filter((one) => {
                for (let up = one; up; up = up.parentElement) {
                    if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) {
                        return up.classList.contains("bd-main");
                    }
                }
                return true;
            })
            .map((one) => one.outerHTML.slice(0, 120))"""
    )


def violations(page: Page) -> list[str]:
    """Return the serious and critical violations of WCAG that axe finds, each with a place."""
    page.evaluate(MARK_WHAT_LOOKS_ALIKE)
    # Without the full lists of what passed, which no test reads, axe is a third faster. Its preload
    # fetches the style sheets again, which no rule that is on reads; where that takes more than
    # 10 s, a warning on the console fails the page.
    options = {"resultTypes": ["violations"], "preload": False}
    found = AXE.run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['target']}: {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
