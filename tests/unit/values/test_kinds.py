import typing

import pytest

from emoclass import Registry
from emoclass.cli import catalog, cli
from emoclass.plugin import hookspecs
from emoclass.plugin.diagnosis import HOOKS
from emoclass.testing.checks import CHECKS
from emoclass.values.kinds import KINDS, kind_of


def test_the_hooks_are_those_of_the_table():
    assert list(HOOKS) == [kind.hook for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_has_all_that_belongs_to_it(kind):
    (returned,) = typing.get_args(typing.get_type_hints(getattr(hookspecs, kind.hook))["return"])
    assert returned is kind.spec
    (held,) = typing.get_args(typing.get_type_hints(Registry)[kind.plural])
    assert held is kind.spec
    assert getattr(Registry(), kind.plural) is not None
    assert CHECKS[kind.name]
    assert getattr(catalog, kind.plural).name == kind.plural
    assert cli.get_command(None, kind.plural) is getattr(catalog, kind.plural)


def test_only_descriptions_have_a_kind():
    with pytest.raises(TypeError, match="expected a description such as ModelSpec, got str"):
        kind_of("happysad")
