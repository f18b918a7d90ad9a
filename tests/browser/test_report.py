"""The report in a real browser: it draws, it asks for nothing, it can be used by keyboard, and nothing in it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Page

from attunement.report import html
from attunement.vocabulary import NOTICES, hashed

pytestmark = pytest.mark.browser

EVIL = (
    "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"
    "<svg onload=alert(1)> \u202egnp.exe\u202c \u200b javascript:window.pwned=1 "
    "datum['x'] + (window.pwned = 1) {{ 7 * 7 }} <a href='javascript:window.pwned = 1'>here</a>"
)


@dataclass
class Opened:
    """A page, and everything that it did which it should not have done."""

    page: Page
    faults: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Browser, path: Path, *, drawn: bool = True, **options: object) -> Iterator[Opened]:
    page = browser.new_page(**({"viewport": {"width": 1100, "height": 900}} | options))  # type: ignore[arg-type]
    seen = Opened(page)

    def refuse(route: object) -> None:
        seen.faults.append(f"sent: {route.request.url[:120]}")  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    page.route(re.compile(r"^(?!file:|data:)"), refuse)
    page.on("request", lambda request: _note_request(seen, request.url, path))
    page.on("console", lambda message: seen.faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.faults.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (seen.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(path.as_uri())
    if drawn:
        page.wait_for_selector("html[data-drawn=yes]", state="attached", timeout=15_000)
    yield seen
    page.close()


def _note_request(seen: Opened, url: str, path: Path) -> None:
    if not url.startswith("data:") and url.partition("#")[0] != path.as_uri():
        seen.faults.append(f"request: {url[:120]}")


@pytest.fixture(scope="module")
def shared(browser: Browser, report_path: Path) -> Iterator[Opened]:
    """One page for the tests that only look."""
    with opened(browser, report_path) as seen:
        yield seen


def test_it_draws_and_asks_for_nothing(shared: Opened) -> None:
    figures = shared.page.locator("figure")
    assert figures.count() == 8
    assert shared.page.locator("figure .chart svg").count() == 7, "what is folded is drawn when it is opened"
    assert shared.page.locator(".vega-actions, details[title]").count() == 0
    assert shared.faults == []


def test_every_figure_has_a_name_and_a_table(shared: Opened) -> None:
    for chart in shared.page.locator("figure").all():
        name = chart.locator("[role=img]").get_attribute("aria-label")
        assert name is not None
        assert len(name) > 40
        assert (chart.locator("figcaption").text_content() or "").strip()
        assert chart.locator("table thead th").count() >= 3
        assert chart.locator("table tbody tr").count() >= 1


def test_charts_show_marks_for_the_data(shared: Opened) -> None:
    first = shared.page.locator("figure .chart").first
    assert first.locator("svg path").count() > 15
    assert "AI" in first.inner_text()
    assert re.search(r"\d+ (Jan|Feb|Mar)", first.inner_text())


def test_what_is_folded_is_drawn_when_it_is_opened(browser: Browser, report_path: Path) -> None:
    with opened(browser, report_path) as seen:
        page = seen.page
        fold = page.locator("section[id^=ai-human] details", has=page.locator("figure")).first
        assert fold.locator("svg").count() == 0
        summary = fold.locator("summary").first
        summary.focus()
        page.keyboard.press("Enter")
        drawn = fold.locator("figure .chart svg")
        drawn.wait_for(timeout=5_000)
        assert drawn.bounding_box()["width"] > 250
        assert seen.faults == []


def test_the_first_screen_says_who_how_much_and_what(browser: Browser, report_path: Path) -> None:
    """Without scrolling, on a laptop: each relationship, how much contact, what each side does most, a first dilemma."""
    with opened(browser, report_path, viewport={"width": 1280, "height": 900}) as seen:
        for part in (".glance .who", ".glance .amounts", ".glance .most", ".glance-balance"):
            box = seen.page.locator(part).first.bounding_box()
            assert box["y"] + box["height"] < 900, part


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_strips_are_seen_and_stay_in_their_columns(
    browser: Browser, everything_path: Path, width: int, scheme: str
) -> None:
    with opened(browser, everything_path, viewport={"width": width, "height": 844}, color_scheme=scheme) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = page.eval_on_selector_all(
            "svg.strip",
            """all => all.filter((one) => one.getBoundingClientRect().width > 0).map((one) => {
                const [box, mark] = [one, one.querySelector('.mark > *')].map((each) => each.getBoundingClientRect());
                const ink = getComputedStyle(one.querySelector('.mark')).fill;
                const at = (mark.left + mark.right) / 2;
                return [box.width, at >= box.left - 1 && at <= box.right + 1, mark.width, ink];
            })""",
        )
        assert len(found) > 20
        assert all(wide > 60 and inside and size > 5 for wide, inside, size, _ in found)
        inks = {re.sub(r"\s", "", ink) for *_, ink in found}
        assert len(inks) == 3, "the AI, the person, and what is of both"
        assert seen.faults == []


def test_words_of_scales_do_not_overlap(browser: Browser, everything_path: Path) -> None:
    for width in (390, 1280):
        with opened(browser, everything_path, viewport={"width": width, "height": 844}) as seen:
            overlaps = seen.page.eval_on_selector_all(
                "svg.scale",
                """all => all.flatMap((one) => {
                    const boxes = [...one.querySelectorAll('text')].map((word) => word.getBoundingClientRect())
                        .filter((box) => box.width > 0).sort((a, b) => a.left - b.left);
                    return boxes.slice(1).filter((box, at) => box.left < boxes[at].right).map((box) => one.parentElement.innerText);
                })""",
            )
            assert overlaps == []


def test_strips_without_javascript_and_on_paper(browser: Browser, everything_path: Path) -> None:
    with opened(browser, everything_path, drawn=False, java_script_enabled=False) as seen:
        strips = seen.page.locator("svg.strip")
        assert all(strip.is_visible() for strip in strips.all())
        seen.page.emulate_media(media="print")
        assert all(strip.is_visible() for strip in strips.all()[:20])


def test_every_entry_of_the_contents_goes_somewhere(browser: Browser, everything_path: Path) -> None:
    with opened(browser, everything_path, reduced_motion="reduce") as seen:
        page = seen.page
        entries = page.eval_on_selector_all("nav a, #glance a", "all => all.map((one) => one.hash)")
        assert len(entries) > 15
        for entry in entries:
            assert page.locator(entry).count() == 1, entry
        link = page.locator(".within a[href^='#ai-human-']").first
        link.focus()
        page.keyboard.press("Enter")
        heading = page.locator("section[id^=ai-human] h4").first
        page.wait_for_function("(one) => Math.abs(one.getBoundingClientRect().top) < 200", arg=heading.element_handle())


def test_headings_are_in_order(shared: Opened) -> None:
    levels = shared.page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_structure_for_screen_readers(shared: Opened) -> None:
    page = shared.page
    assert page.locator("html[lang=en]").count() == 1
    for landmark in ("main", "body > nav", "body > header", "body > footer"):
        assert page.locator(landmark).count() == 1
    assert page.locator("nav:not([aria-label])").count() == 0
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    targets = page.eval_on_selector_all("a[href^='#']", "all => all.map(one => one.hash.slice(1))")
    assert set(targets) <= set(ids)
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    labelled = page.eval_on_selector_all("[aria-labelledby]", "all => all.map(o => o.getAttribute('aria-labelledby'))")
    assert set(labelled) <= set(ids)


def test_by_keyboard(browser: Browser, report_path: Path) -> None:
    with opened(browser, report_path) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "theme"
        page.keyboard.press("Enter")
        assert page.locator("#theme").get_attribute("aria-pressed") == "true"
        reached = set()
        for _ in range(70):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.tagName"))
        assert {"A", "SUMMARY"} <= reached
        summary = page.locator("figure summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator("figure details").first.get_attribute("open") is not None
        assert page.locator("figure details table").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser: Browser, report_path: Path, scheme: str) -> None:
    with opened(browser, report_path, color_scheme=scheme) as seen:
        page = seen.page
        paper, text, chart = _colours(page)
        assert (paper < 60) == (scheme == "dark")
        assert abs(paper - text) > 150
        assert abs(paper - chart) > 60
        page.locator("#theme").click()
        other, _, redrawn = _colours(page)
        assert (other < 60) == (scheme == "light")
        assert redrawn != chart
        assert seen.faults == []


def _colours(page: Page) -> list[float]:
    """The lightness of paper, text and the label of a chart, from 0 to 255."""
    return page.evaluate(
        """() => {
            const of = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
                return 0.21 * r + 0.72 * g + 0.07 * b; };
            const body = getComputedStyle(document.body);
            const mark = getComputedStyle(document.querySelector('.chart svg text'));
            return [of(body.backgroundColor), of(body.color), of(mark.fill)];
        }"""
    )


def test_contrast_of_words(browser: Browser, report_path: Path) -> None:
    """WCAG AA: at least 4.5 to 1 for every colour of text on paper, card and soft, light and dark."""
    for scheme in ("light", "dark"):
        with opened(browser, report_path, color_scheme=scheme, drawn=False) as seen:
            ratios = seen.page.evaluate(
                """() => {
                    const style = getComputedStyle(document.documentElement);
                    const light = (name) => {
                        const hex = style.getPropertyValue(name).trim().slice(1);
                        const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
                        const part = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) / 255)
                            .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
                        return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
                    };
                    const ratio = (one, other) => {
                        const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
                        return (a + 0.05) / (b + 0.05);
                    };
                    const words = ["--text", "--quiet", "--link", "--person", "--ai", "--warn"];
                    const under = ["--paper", "--card"];
                    return words.flatMap((word) => under.map((paper) => [word, paper, ratio(word, paper)]))
                        .concat([["--warn", "--warn-soft", ratio("--warn", "--warn-soft")],
                                 ["--quiet", "--soft", ratio("--quiet", "--soft")],
                                 ["--quiet", "--warn-soft", ratio("--quiet", "--warn-soft")]]);
                }"""
            )
            assert [one for one in ratios if one[2] < 4.5] == []


def test_narrow_screen_has_no_sideways_scroll(browser: Browser, report_path: Path) -> None:
    with opened(browser, report_path, viewport={"width": 320, "height": 640}) as seen:
        width = "document.documentElement.scrollWidth"
        assert seen.page.evaluate(width) <= 320
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert seen.page.evaluate(width) <= 320


def test_prints(browser: Browser, report_path: Path, tmp_path: Path) -> None:
    with opened(browser, report_path, color_scheme="dark") as seen:
        seen.page.locator("#theme").click()
        seen.page.locator("#theme").click()
        unfolded = seen.page.locator("details[open]")
        before = unfolded.count()
        pdf = seen.page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert pdf.startswith(b"%PDF")
        assert unfolded.count() == before
        assert len(pdf) > 50_000
        seen.page.emulate_media(media="print")
        assert _colours(seen.page)[0] == pytest.approx(255)
        assert not seen.page.locator("body > nav").is_visible()
        assert not seen.page.locator("#theme").is_visible()
        assert seen.faults == []


def test_without_javascript_the_tables_are_there(browser: Browser, report_path: Path) -> None:
    with opened(browser, report_path, drawn=False, java_script_enabled=False) as seen:
        tables = seen.page.locator("figure table")
        assert tables.count() == 8
        assert all(table.is_visible() for table in tables.all()[:5])
        assert not seen.page.locator("#theme").is_visible()
        assert seen.page.locator("figure noscript").first.inner_text()


def test_hostile_texts_do_nothing(browser: Browser, made: ModuleType, tmp_path: Path) -> None:
    rows = made.relationships([(EVIL, EVIL, 10), (EVIL, "other", 5)])
    keys = rows["relationship_id"].to_pylist()
    notices = [{"form": EVIL, "kind": "skipped", "what": EVIL, "n": 1, "example": EVIL, "do": EVIL}]
    constructs = [dict(one, name=EVIL, definition=EVIL, known_faults=[EVIL], source=EVIL) for one in made.constructs()]
    path = tmp_path / "report.html"
    path.write_text(
        html(
            made.contents(
                title=EVIL,
                read_from=EVIL,
                program=EVIL,
                settings={EVIL: EVIL},
                relationships=rows,
                panel=made.panel(keys),
                sessions=made.sessions(keys),
                notices=pa.Table.from_pylist(notices, schema=NOTICES),
                constructs=tuple(constructs),
                findings=tuple(finding for key in keys for finding in made.findings(key, 0)),
                quotes={hashed("message", "ai.mind_claim", "1"): EVIL},
            )
        ),
        encoding="utf-8",
    )
    with opened(browser, path) as seen:
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert seen.page.evaluate("window.pwned") is None
        assert seen.page.locator("body img, svg[onload], a[href^='javascript']").count() == 0
        assert "[U+202E]gnp.exe" in seen.page.locator("blockquote").first.inner_text()
        assert seen.faults == []


def test_a_script_that_is_slipped_in_is_refused(browser: Browser, report_path: Path, tmp_path: Path) -> None:
    """The content security policy stands behind the escaping."""
    path = tmp_path / "report.html"
    page = report_path.read_text(encoding="utf-8")
    slipped = "<script>window.pwned = 1</script><img src='https://example.invalid/x.png'>"
    path.write_text(page.replace("<footer>", f"{slipped}<footer>"), encoding="utf-8")
    with opened(browser, path) as seen:
        assert seen.page.evaluate("window.pwned") is None
        assert any("Content Security Policy" in fault for fault in seen.faults)
        assert not [fault for fault in seen.faults if fault.startswith("sent:")]


def test_many_people(browser: Browser, made: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(made.crowd(80, most_cards=2)), encoding="utf-8")
    with opened(browser, path) as seen:
        assert seen.page.locator("#many figure svg").count() == 3
        assert seen.faults == []


@pytest.fixture(scope="module")
def raised_path(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raised") / "report.html"
    path.write_text(html(made.contents(most_cards=1, to_read=made.to_read())), encoding="utf-8")
    return path


def test_the_box_for_a_person_to_read(browser: Browser, raised_path: Path, tmp_path: Path) -> None:
    """It is seen first, reached and folded by keyboard, fits a narrow screen, and prints unfolded or not at all."""
    with opened(browser, raised_path) as seen:
        page = seen.page
        box = page.get_by_role("complementary", name="For a person to read")
        assert box.is_visible()
        assert box.bounding_box()["y"] < page.locator("#relationships").bounding_box()["y"]
        link = page.locator("nav a[href='#risk']")
        link.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#risk"
        summary = box.locator("summary")
        was_open = box.locator("details").get_attribute("open") is not None
        summary.focus()
        page.keyboard.press("Enter")
        assert (box.locator("details").get_attribute("open") is not None) is not was_open
        page.emulate_media(media="print")
        assert box.is_visible()
        assert "should be read by a person" in box.inner_text()
        assert page.pdf(path=tmp_path / "report.pdf", format="A4").startswith(b"%PDF")
        assert seen.faults == []
    with opened(browser, raised_path, viewport={"width": 320, "height": 640}) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_no_box_where_nothing_was_raised(shared: Opened) -> None:
    assert shared.page.locator("#risk").count() == 0
