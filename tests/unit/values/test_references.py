import math

import pytest

from emoclass.errors import ConfigError, ContractError, PluginError
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


def test_a_function_that_does_not_take_what_it_is_given_is_its_authors_fault():
    def build(*, labels, width=8):
        raise AssertionError("not called")

    def load():
        raise AssertionError("not called")

    with pytest.raises(ContractError) as caught:
        call_with_options(build, {"width": 3}, subject="model 'm': [model]", labels="L", seed=0)
    assert "model 'm': [model]: expected a function that takes labels, seed, got " in str(caught.value)
    assert "got an unexpected keyword argument 'seed'" in str(caught.value)
    assert "options" not in str(caught.value)
    with pytest.raises(ContractError, match=r"expected a function that takes 1 by position, got .*load"):
        call_with_options(load, {}, "root", subject="dataset 'd'")


def test_a_type_error_of_the_code_itself_is_a_bug_and_passes_through():
    def build():
        return len(3)

    with pytest.raises(TypeError, match="has no len"):
        call_with_options(build, {}, subject="model 'm'")
