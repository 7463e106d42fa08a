"""No answer of a server and no name of a field reaches the prototype that all objects of a page share (ASVS 15.3.6)."""

import json

from playwright.sync_api import Page, Route

# What objects have by birth; whatever a script puts there is in every object of the page.
BORN_WITH = "JSON.stringify(Object.getOwnPropertyNames(Object.prototype).sort())"
POISON = '{"ver": 9, "seq": 9, "polluted": "yes", "conflict": {"polluted": "yes"}}'
FIELDS = f'"__proto__": {POISON}, "constructor": {{"prototype": {POISON}, "polluted": "yes"}}, "prototype": {POISON}'


def poisoned(route: Route) -> None:
    """The server's answer with these names among its fields, and beside them."""
    response = route.fetch()
    body = response.json()
    fields = json.dumps(body.pop("r", {}))[1:-1]
    rest = json.dumps(body)[1:-1]
    said = f'{{{rest}, "__proto__": {POISON}, "r": {{{FIELDS}{", " if fields else ""}{fields}}}}}'
    assert "polluted" in json.loads(said)["r"]["__proto__"]
    route.fulfill(response=response, body=said)


def add_field(page: Page) -> None:
    """A field by such a name, as a page would have it that somebody managed to change."""
    page.evaluate(
        """() => {
            const name = document.querySelector("[name='contact.name']");
            for (const bad of ["__proto__", "constructor", "__proto__.polluted"]) {
                const copy = name.cloneNode();
                copy.name = bad; copy.id = bad;
                name.form.append(copy);
            }
        }"""
    )


def is_clean(page: Page, before: str) -> bool:
    return page.evaluate(BORN_WITH) == before and page.evaluate("({}).polluted === undefined")


def test_answers_and_fields_by_such_names_pollute_nothing(draft_page):
    aigul = draft_page().open()
    before = aigul.page.evaluate(BORN_WITH)
    answers: list[str] = []
    aigul.page.route("**/drafts/**", lambda route: answers.append(route.request.method) or poisoned(route))
    add_field(aigul.page)
    for name in ("contact.name", "__proto__", "constructor", "__proto__.polluted"):
        aigul.page.locator(f"[name='{name}']").fill("polluted")
        aigul.page.wait_for_timeout(1200)
    assert aigul.saved("contact.name") == "polluted", "what is sound in such an answer is taken all the same"
    assert "PATCH" in answers and is_clean(aigul.page, before)
    aigul.page.reload()
    assert is_clean(aigul.page, aigul.page.evaluate(BORN_WITH)), "nor does what the browser kept of it"
    aigul.page.unroute_all(behavior="wait")  # a save may be under way; nobody would hear what its answer met


def test_control_a_script_that_merges_blindly_is_noticed(draft_page):
    aigul = draft_page().open()
    before = aigul.page.evaluate(BORN_WITH)
    aigul.page.evaluate(
        """(said) => {
            const merge = (to, from) => {
                for (const name of Object.keys(from)) {
                    if (typeof from[name] === "object") merge(to[name] ??= {}, from[name]); else to[name] = from[name];
                }
            };
            merge({}, JSON.parse(said));
        }""",
        f"{{{FIELDS}}}",
    )
    assert not is_clean(aigul.page, before)
