import math

import pytest

from emoclass.errors import ConfigError, PluginError
from emoclass.values.references import call_with_options, describe, resolve


def test_a_reference_names_code_and_a_callable_stands_for_itself():
    assert resolve("math:sqrt") is math.sqrt
    assert resolve("os:path.join")("a", "b") == "a/b"
    assert resolve(math.sqrt) is math.sqrt


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("math", "expected 'package.module:attribute'"),
        ("no_such_module_here:x", "cannot be imported"),
        ("math:squareroot", "has no attribute 'squareroot'"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(ref, message):
    with pytest.raises(PluginError, match=message):
        resolve(ref)


def test_callables_are_described_by_where_they_live():
    assert describe(describe) == "emoclass.values.references:describe"
    assert describe("a:b") == "a:b"


def test_options_that_do_not_fit_name_those_that_do():
    def build(*, labels, width=8):
        return labels, width

    assert call_with_options(build, {"width": 3}, subject="model 'm'", labels="L") == ("L", 3)
    with pytest.raises(ConfigError, match=r"model 'm': options do not fit.*'wdith'.* It takes width\."):
        call_with_options(build, {"wdith": 3}, subject="model 'm'", labels="L")


def test_a_type_error_of_the_code_itself_is_a_bug_and_passes_through():
    def build():
        return len(3)

    with pytest.raises(TypeError, match="has no len"):
        call_with_options(build, {}, subject="model 'm'")
