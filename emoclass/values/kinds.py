"""The one table of what plugins can offer. Registry, command line, scaffold and conformance kit read it.

A new kind is a row here, a description in `values/specs.py` and a hook in `plugin/hookspecs.py`; then what shows it
(`cli/catalog.py`), what writes one to start from (`scaffold/templates/`) and its checks (`testing/checks/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emoclass.values.specs import Spec


@dataclass(frozen=True)
class Kind:
    """A kind of thing that plugins offer.

    Attributes:
        name: As in `model 'happysad'` and `plugins new --kind model`.
        spec_name: The class of its descriptions, in `emoclass.values.specs`.
        phrase: What it is called in a sentence of a generated plugin.
    """

    name: str
    spec_name: str
    phrase: str

    @property
    def plural(self) -> str:
        """The name of its catalog and of its command: `emoclass models`."""
        return f"{self.name}s"

    @property
    def hook(self) -> str:
        """The hook that returns its descriptions: `register_models`."""
        return f"register_{self.plural}"

    @property
    def spec(self) -> type[Spec]:
        """The class of its descriptions, imported when it is first asked for: `--help` needs no pydantic."""
        from emoclass.values import specs

        found: type[Spec] = getattr(specs, self.spec_name)
        return found


KINDS = (
    Kind("dataset", "DatasetSpec", "a dataset"),
    Kind("model", "ModelSpec", "a model"),
    Kind("metric", "MetricSpec", "a metric"),
    Kind("recipe", "Recipe", "an experiment"),
    Kind("detector", "DetectorSpec", "a detector"),
)
"""All kinds, in the order in which listings show them."""


def kind_of(spec: object) -> str:
    """Return the name of what a description describes.

    Raises:
        TypeError: It describes none of the kinds.
    """
    for kind in KINDS:
        if isinstance(spec, kind.spec):
            return kind.name
    raise TypeError(f"expected a description such as ModelSpec, got {type(spec).__name__}")


def kind_names(last: str = "or") -> str:
    """Return the names of all kinds as a list in words.

    Example:
        >>> kind_names()
        'dataset, model, metric, recipe or detector'
    """
    *others, final = (kind.name for kind in KINDS)
    return f"{', '.join(others)} {last} {final}"
