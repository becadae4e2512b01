"""The page of `emoclass serve` for everyone: keyboard, screen reader, screens, the token, a service that is gone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import (
    TOKEN,
    ServeCommand,
    faces_shown,
    file,
    finished,
    landscape,
    opened,
    picture,
    show,
    sign_in,
    start_camera,
)  # fmt: skip
from drawn_pictures import encoded
from playwright.sync_api import expect

from emoclass.values.colors import color_of

TWO = ("happy", "surprised")


pytestmark = pytest.mark.slow


def test_the_token_is_asked_for_once_and_kept_from_scripts_and_addresses(browser, guarded):
    with opened(browser, guarded.address) as page:
        sign_in(page, "a-wrong-token-of-the-tests")
        expect(page.locator("#sign-in-problem")).to_contain_text("token")
        sign_in(page, TOKEN)
        expect(page.locator("#work")).to_be_visible()
        expect(page.locator("#tab-photos")).to_be_focused()
        show(page, ("one.png", encoded(picture())))
        assert faces_shown(page) == ["happy"]
        assert TOKEN not in page.url and page.evaluate("document.cookie") == ""
        (cookie,) = page.context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and TOKEN not in cookie["value"]
        start_camera(page)
        expect(page.locator("#persons strong").first).to_be_visible()
        page.reload()
        expect(page.locator("#work")).to_be_visible()


def test_photos_and_the_camera_go_on_when_the_service_is_back(browser):
    service = ServeCommand()
    with opened(browser, service.address) as live, opened(browser, service.address) as page:
        expect(page.locator("#work")).to_be_visible()
        try:
            start_camera(live)
            expect(live.locator("#persons strong").first).to_be_visible()
        finally:
            service.stop()
        expect(live.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
        expect(live.locator("#persons li")).to_have_count(0)
        page.locator("#files").set_input_files([file("one.png", encoded(picture()))])
        expect(page.locator("#gone-next")).to_have_text(re.compile("next try is in [248] seconds"))
        expect(page.locator("#summary")).to_have_text("Waiting for the service")
        expect(page.locator("#faces")).to_contain_text("as soon as the service answers again")
        expect(page.locator("#stage")).to_be_visible()
        with ServeCommand(port=service.port):
            page.locator("#try-now").dispatch_event("click")
            finished(page)
            assert faces_shown(page) == ["happy"]
            expect(page.locator("#gone")).to_be_hidden()
            expect(live.locator("#persons strong").first).to_be_visible()
            expect(live.locator("#timeline li")).to_have_text([re.compile("earlier session$"), re.compile("^1[a-z]+$")])


def test_a_service_that_was_started_again_says_why_it_asks_for_the_token_again(browser):
    why = "The service was started again"
    secret = {"EMOCLASS_TOKEN": TOKEN}
    with ServeCommand(environment=secret) as service, opened(browser, service.address) as page:
        expect(page.locator("#sign-in")).to_be_visible()
        expect(page.get_by_text(why)).to_be_hidden()
        sign_in(page, TOKEN)
        expect(page.locator("#work")).to_be_visible()
        service.stop()
        with ServeCommand(port=service.port, environment=secret):
            page.locator("#files").set_input_files([file("one.png", encoded(picture()))])
            expect(page.get_by_text(why)).to_be_visible()
            sign_in(page, TOKEN)
            finished(page)
            assert faces_shown(page) == ["happy"]


def test_colors_are_those_of_the_project(page):
    emotions = [
        "happy",
        "sad",
        "angry",
        "scared",
        "surprised",
        "disgusted",
        "neutral",
        "contemptuous",
        "bored",
        "tired",
        "élan",
    ]
    colors = page.evaluate(
        """async (emotions) => {
            const { colorOf } = await import(new URL("page/drawing.js", document.baseURI));
            return emotions.map(colorOf);
        }""",
        emotions,
    )
    assert colors == [f"rgb{color_of(emotion)}" for emotion in emotions]


def test_what_the_model_is_worth_and_not_for_is_one_click_away(page):
    page.get_by_role("button", name="What it is worth").click()
    about = page.get_by_role("dialog", name="About the model")
    expect(about).to_contain_text(
        re.compile(
            r"66%of 2,689 test images of fer2013 get the right emotion \(95% confidence interval: 64% to 68%\). "
            r"Left out are 900 images with copies among the training images; with these it is 70%."
        )
    )
    for said in ("An expression is not a feeling", "Article 5(1)(f)", "medical or safety reasons", "nowhere else"):
        expect(about).to_contain_text(said)
    expect(about.locator("#by-emotion tbody tr")).to_have_count(7)
    expect(about.locator("#by-emotion caption")).to_have_text(
        "By emotion, with 95% confidence intervals, on all test images, copies of training images included"
    )
    about.get_by_text("The model's card").click()
    expect(about.locator("#card-text")).to_contain_text("What it was trained on.")
    expect(about.locator("#card-text table").first).to_contain_text("balanced accuracy")
    expect(about.locator("#card-text")).not_to_contain_text("pip install")  # that is another section
    page.keyboard.press("Escape")
    expect(about).to_be_hidden()
    expect(page.locator("#about-more")).to_be_focused()
    expect(page.locator("#where")).to_have_text("Pictures go to this computer only")


# Everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(browser, service, guarded, scheme):
    axe = Axe()

    def check(page, what):
        found = axe.run(page)
        problems = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found.response["violations"]]
        assert not problems, (what, problems)

    options = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}  # axe's own script
    with opened(browser, service.address, **options) as page:
        expect(page.locator("#work")).to_be_visible()
        check(page, "empty")
        show(page, ("two.png", encoded(picture(TWO))), ("none.png", encoded(landscape())), ("broken.jpg", b"x"))
        check(page, "photos")
        page.locator("#strip button").nth(2).click()
        page.locator("#emotions-menu summary").click()
        check(page, "not read, and the emotions")
        page.get_by_role("button", name="About the model").click()
        for summary in page.locator("#about summary").all():
            summary.click()
        check(page, "about")
        page.keyboard.press("Escape")
        start_camera(page)
        expect(page.locator("#persons strong").first).to_be_visible()
        check(page, "camera")
        page.route("**/healthz", lambda route: route.abort())
        page.route("**/v1/predictions*", lambda route: route.abort())
        page.get_by_role("tab", name="Photos").click()
        page.locator("#files").set_input_files([file("one.png", encoded(picture()))])
        expect(page.locator("#gone")).to_be_visible()
        check(page, "gone")
    with opened(browser, guarded.address, **options) as page:
        expect(page.locator("#sign-in")).to_be_visible()
        check(page, "sign-in")


FOCUSED = """() => {
    const { id, tagName, parentElement } = document.activeElement;
    const name = id || parentElement.id || parentElement.parentElement?.classList[0] || tagName;
    return [name, getComputedStyle(document.activeElement).outlineStyle];
}"""


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page):
    show(page, ("two.png", encoded(picture(TWO))))
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        if name == "BODY":
            break
        assert outline != "none", name
        reached.append(name)
    assert reached == [
        "about-open", "tab-photos", "emotions-menu", "save-csv", "save-json", "save-picture", "clear", "more", "faces",
        "face", "face", "about-more",
    ]  # fmt: skip
    page.locator("#tab-photos").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-camera")).to_be_focused()
    expect(page.locator("#camera")).to_be_visible()


@pytest.mark.parametrize("width", [390, 3840])
def test_the_page_fits_a_phone_and_a_large_screen(browser, service, width):
    with opened(browser, service.address, viewport={"width": width, "height": 844 if width < 400 else 2160}) as page:
        show(page, ("two.png", encoded(picture(TWO))), ("none.png", encoded(landscape())))
        fits = "document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(fits)
        expect(page.locator("#photos .group-name")).to_be_visible()
        page.get_by_role("button", name="About the model").click()
        assert page.evaluate(fits) and page.locator("#about").bounding_box()["width"] <= width
        page.keyboard.press("Escape")
        start_camera(page)
        expect(page.locator("#persons strong").first).to_be_visible()
        assert page.evaluate(fits)


def test_the_emotions_fit_a_phone_that_lies(browser, service):
    with opened(browser, service.address, viewport={"width": 844, "height": 390}) as page:
        page.locator("#emotions-menu summary").click()
        panel = page.locator("#emotions-menu .panel").bounding_box()
        assert panel["height"] >= 128 and panel["y"] + panel["height"] <= 390
        page.get_by_role("button", name="All emotions").click()  # it scrolls there


def test_a_long_list_of_faces_fades_where_it_is_cut_and_its_end_does_not(page):
    show(page, ("five.png", encoded(picture(("happy", "surprised", "sad", "angry", "neutral")))))
    faces, last = page.locator("#faces"), page.locator("#faces .face").last
    assert faces.evaluate("(list) => list.scrollHeight > list.clientHeight")
    faces.evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
    fade = faces.evaluate("(list) => parseFloat(getComputedStyle(list, '::after').height)")
    list_box, last_box = faces.bounding_box(), last.bounding_box()
    assert fade > 0 and last_box["y"] + last_box["height"] <= list_box["y"] + list_box["height"] - fade + 1


def test_nothing_moves_where_people_want_no_motion(browser, service):
    with opened(browser, service.address, reduced_motion="reduce") as page:
        show(page, ("one.png", encoded(picture())))
        bar = page.locator("#faces .bar").first
        assert bar.evaluate("(bar) => getComputedStyle(bar).transitionDuration") == "0s"
