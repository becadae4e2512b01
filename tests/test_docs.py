"""The documentation against the code: what is generated is up to date, and what is written by hand still holds."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest

import emoclass
from emoclass import LabelScheme, Registry, RunResult
from emoclass.data.index import index
from emoclass.plugin import hookspecs
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.plugin.configure import Settings, configure
from emoclass.values.config import DataConfig
from emoclass.values.labels import ALIASES, EMOTIONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("plugins/*/README.md"),
        *ROOT.glob("examples/*/README.md"),
        *DOCS.rglob("*.md"),
        *ROOT.glob("changelog.d/*"),
    ]
)
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
PLACEHOLDER = re.compile(r"\b(NUMBERS|COST|FIGURES|TODO|TBD|FIXME)\b")
# The addresses of one machine, and of the places that only its users know.
LOCAL = re.compile(r"(?<![\w.])/(?:home|root|tmp|work|mnt|Users|private|var)/|\bshared/|\blocalhost\b|[A-Z]:\\")


def text_of(page):
    return (page if isinstance(page, Path) else DOCS / page).read_text(encoding="utf-8")


def name_of(page):
    return str(page.relative_to(ROOT))


def blocks(language, pages=PAGES):
    return [
        pytest.param(found["code"], id=f"{name_of(page)}:{text_of(page)[: found.start()].count(chr(10)) + 1}")
        for page in pages
        for found in FENCE.finditer(text_of(page))
        if found["language"] == language
    ]


def load_generator():
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generator()


# Generated pages


def test_every_kind_of_generated_section_stands_in_some_page():
    names = re.findall(r"<!-- generated: ([a-z-]+)[^>]* -->", "".join(text_of(page) for page in generate.pages()))
    assert set(names) == set(generate.SECTIONS)


def test_all_code_of_the_tutorial_is_cut_from_files_that_are_tested():
    page = text_of("tutorial-first-plugin.md")
    by_hand = re.sub(r"<!-- generated: snippet .*?<!-- end generated -->", "", page, flags=re.DOTALL)
    assert len(FENCE.findall(page)) > len(FENCE.findall(by_hand)) > 0
    assert {found["language"] for found in FENCE.finditer(by_hand)}.isdisjoint({"python", "toml", "yaml"})


@pytest.mark.parametrize("page", generate.pages(), ids=name_of)
def test_generated_sections_are_up_to_date(page):
    assert text_of(page) == generate.regenerate(text_of(page)), "run: make docs"


def test_the_terminal_has_no_say_in_generated_pages(monkeypatch):
    wide = generate.cli_section()
    monkeypatch.setenv("COLUMNS", "40")
    assert generate.cli_section() == wide
    assert max(map(len, wide.splitlines())) <= generate.WIDTH


def test_regenerating_replaces_what_is_old_and_keeps_what_is_written_by_hand():
    old = "before\n<!-- generated: metrics -->\nold\n<!-- end generated -->\nafter\n"
    new = generate.regenerate(old)
    assert new.startswith("before\n") and new.endswith("\nafter\n")
    assert "old" not in new.split("| Name |")[0] and "`accuracy`" in new


def test_every_command_is_documented():
    documented = set(re.findall(r"^## `(.*)`$", text_of("cli.md"), re.MULTILINE))
    assert {"emoclass", "emoclass run", "emoclass plugins list", "emoclass models show"} <= documented
    assert documented == {path for path, _ in generate.commands()}


def test_every_configuration_key_has_a_meaning():
    for table, model in generate.tables():
        meanings = generate.attributes(model)
        for key in model.model_fields:
            nested = not table and generate._model(model.model_fields[key].annotation)
            assert nested or meanings.get(key), f"[{table}] {key}: its class's Attributes say nothing"


def test_every_builtin_metric_is_documented():
    page = text_of("metrics.md")
    assert all(f"| `{spec.name}` | {spec.summary} |" in page for spec in BUILTIN_METRICS)


# Pages against the code


HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "emoclass_spec")]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_exact_signature_of_a_hook_is_documented(hook):
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"def {hook}{signature}:" in inspect.getsource(getattr(hookspecs, hook))
    section = text_of("hooks.md").partition(f"\n## {hook}\n")[2].partition("\n## ")[0]
    assert f"```python\ndef {hook}{signature}: ...\n```" in section


def test_no_other_hook_is_documented():
    assert len(HOOKS) == 5
    assert re.findall(r"^## (register_\w+)$", text_of("hooks.md"), re.MULTILINE) == HOOKS


@pytest.mark.parametrize("name", ["DatasetSpec", "ModelSpec", "MetricSpec", "Recipe", "DetectorSpec", "Face", "Sample"])
def test_every_field_of_a_description_is_documented(name):
    page = text_of("hooks.md")
    for field in getattr(emoclass, name).__pydantic_fields__:
        assert f"`{field}`" in page, f"{name}.{field}"


def test_layers_are_those_of_the_contract():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    found = re.search(r"<!-- layers: .*? -->\n\n```text\n(.*?)\n```", text_of("architecture.md"), re.DOTALL)
    assert found[1].splitlines() == contract["layers"]


def test_every_room_is_in_the_picture():
    page = text_of("architecture.md")
    rooms = {f"{path.name}/" if path.is_dir() else path.name for path in (ROOT / "emoclass").iterdir()}
    rooms = {room for room in rooms if not room.startswith(("_", ".")) and room.endswith(("/", ".py"))}
    assert {room for room in rooms if f"`{room}`" not in page} == set()


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = text_of("decisions/0002-dependencies.md")
    extras = project["optional-dependencies"].values()
    for each in [*project["dependencies"], *(each for extra in extras for each in extra)]:
        name = re.match(r"[\w-]+", each)[0]
        assert name == "emoclass" or f"`{name}`" in page, name


def test_every_word_for_an_emotion_is_documented():
    page = text_of("data.md")
    for emotion in EMOTIONS:
        words = [word for word, meant in ALIASES.items() if meant == emotion]
        assert f"| `{emotion}` | {', '.join(words)} |" in page


def test_every_argument_of_run_is_documented():
    page = text_of("library.md")
    assert [name for name in arguments_of_run() if f"`{name}`" not in page] == []


def arguments_of_run():
    """Return the names of the arguments that `run` takes, those of its typed dictionary too."""
    return [name for name in inspect.signature(emoclass.run).parameters if name != "settings"] + [
        *Settings.__annotations__
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_compiles_and_uses_names_that_exist(code):
    if code.startswith(">>>"):
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(code))
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            known = {"emoclass": emoclass, "result": RunResult}.get(node.value.id)
            fields = getattr(known, "model_fields", {})
            assert known is None or hasattr(known, node.attr) or node.attr in fields, ast.unparse(node)
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "emoclass":
            module = importlib.import_module(node.module)
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "emoclass.run":
            assert [each.arg for each in node.keywords if each.arg not in arguments_of_run()] == []


@pytest.mark.parametrize("code", blocks("toml"))
def test_toml_is_toml(code):
    assert tomllib.loads(code)


def test_the_example_configuration_is_one():
    blocks = [found["code"] for found in FENCE.finditer(text_of("configuration.md")) if found["language"] == "toml"]
    registry = Registry.discover()
    assert configure(registry, file=tomllib.loads(blocks[-1])).plugin == "happysad"
    for part in blocks[:-1]:
        assert configure(registry, file=tomllib.loads(part), options={"plugin": "happysad"})


def test_the_examples_in_library_md_give_what_they_say():
    examples = doctest.DocTestParser().get_doctest(text_of("library.md"), {}, "library.md", "docs/library.md", 0)
    assert len(examples.examples) > 10
    told = []
    doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert told == []


# The one-file plugins


def one_file_plugin(page, name, tmp_path, monkeypatch):
    """Write the page's plugin to a file, load it, and return the registry."""
    (code,) = [found["code"] for found in FENCE.finditer(text_of(page)) if "@hookimpl" in found["code"]]
    assert f"{name}.py" in text_of(page)
    monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    registry = Registry.discover()
    try:
        assert registry.load_file(tmp_path / f"{name}.py") == name
    finally:
        sys.modules.pop(name, None)
    return registry


def test_the_plugin_in_the_readme_loads_and_configures(tmp_path, monkeypatch):
    registry = one_file_plugin(ROOT / "README.md", "small", tmp_path, monkeypatch)
    assert registry.plugins["small"].error is None
    config = configure(registry, options={"plugin": "small", "data": {"root": str(tmp_path)}})
    assert (config.model.name, config.data.dataset, config.training.epochs) == ("small", "folder", 10)


def test_the_plugin_in_hooks_md_reads_its_tiny_dataset_and_measures(tmp_path, monkeypatch):
    import numpy as np

    from emoclass.evaluation.evaluate import evaluate
    from emoclass.evaluation.predictions import Predictions

    registry = one_file_plugin(DOCS / "hooks.md", "people", tmp_path, monkeypatch)
    config = configure(registry, options={"plugin": "people"})
    assert config.evaluation.headline == ("error_rate", "accuracy")
    spec = registry.datasets.get("people")
    spec.make_tiny(tmp_path / "tiny")
    labels = LabelScheme(emotions=("happy", "sad"))
    listed = index(spec, DataConfig(dataset="people", root=tmp_path / "tiny"), labels)
    assert [sample.emotion for sample in listed.samples] == ["happy", "sad"] * 4
    assert len({sample.group for sample in listed.samples}) == 4
    assert all((tmp_path / "tiny" / sample.path).is_file() for sample in listed.samples)
    y_score = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8]])
    predictions = Predictions(ids=("a", "b", "c"), y_true=np.array([0, 1, 1]), y_score=y_score, labels=labels)
    value = evaluate(predictions, [registry.metrics.get("error_rate")])["error_rate"]
    assert (value.value, value.interval, value.n_samples) == (pytest.approx(1 / 3), "wilson", 3)


# Links, records, licenses, and what must not be there


def anchors(page):
    """Return the anchors of a page's headings, as code hosts make them."""
    prose = FENCE.sub("", text_of(page))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "code", FENCE.sub("", text_of(page))))
    broken = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        inside = there.exists() and ROOT in there.parents
        if not inside or (anchor and anchor not in anchors(there)):
            broken.append(target)
    return broken


def test_a_broken_link_is_seen(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "text_of", lambda page: "# A b\n[x](none.md) [y](#a-b) [z](#a-c)")
    assert broken_links(DOCS / "index.md") == ["none.md", "#a-c"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_the_index_leads_to_every_page():
    linked = set(re.findall(r"\]\(([^)#]+)\)", text_of("index.md")))
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"index.md"} <= linked


@pytest.mark.parametrize("page", sorted(DOCS.glob("decisions/*.md")), ids=name_of)
def test_a_decision_has_context_decision_and_consequences(page):
    assert re.findall(r"^## (.+)$", text_of(page), re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.match(rf"# {int(page.name[:4])}\. \w", text_of(page))


TEXTS = sorted({*PAGES, *DOCS.rglob("*.py")})


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_no_page_speaks_of_one_machine(page):
    assert [found[0] for found in LOCAL.finditer(text_of(page))] == []


def test_the_check_sees_local_paths_and_not_addresses():
    assert all(LOCAL.search(text) for text in ("see /home/ann/x", "(/tmp/x)", "../shared/data", r"C:\x"))
    assert not any(LOCAL.search(text) for text in ("https://a.org/home/x", "photos/tmp/", "runs/x", "a shared thing"))


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_no_placeholder_is_left(page):
    assert PLACEHOLDER.findall(text_of(page)) == []


def test_what_each_change_says_is_a_file_of_its_own():
    fragments = [page for page in ROOT.glob("changelog.d/*") if page.name != "README.md"]
    assert fragments
    assert all(page.suffix == ".md" and text_of(page).strip() for page in fragments)


DISTRIBUTIONS = sorted([ROOT, *ROOT.glob("plugins/*"), *ROOT.glob("examples/emoclass-*")])


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)
def test_every_distribution_has_the_license(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "MIT"
    assert "LICENSE" in project["license-files"]
    assert (folder / "LICENSE").read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert all((folder / name).is_file() for name in project["license-files"])


# The commands that run tests


def test_make_test_and_make_test_all_run_every_test_once():
    commands = dict(
        re.findall(r"^(test|test-all): .+\n\t\$\(PYTEST\) -m (.+)$", text_of(ROOT / "Makefile"), re.MULTILINE)
    )
    assert commands == {"test": '"not slow"', "test-all": "slow"}
    assert text_of(ROOT / ".ci" / "run").splitlines()[-2:] == ["make test", "make test-all"]


def test_the_readme_and_contributing_md_give_the_test_commands_the_same_times():
    def times(page):
        return dict(
            re.findall(
                r"^\| `make (check|test|test-all)`[^|]*\|.*\| ((?:up to )?\d+ \w+) \|", text_of(page), re.MULTILINE
            )
        )

    assert times(ROOT / "README.md") == times(ROOT / "CONTRIBUTING.md")
    assert set(times(ROOT / "README.md")) == {"check", "test", "test-all"}
