"""The audit's page: pairs of pictures side by side, worst first, in one file without script."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from emoclass.auditing.findings import Audit, Copy, CopyPair, meaning
from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import quiet_decoders, read_picture
from emoclass.errors import OutputError, UnreadableImageError
from emoclass.reporting.pages.templates import template

SHOWN = 60
"""Pairs of a section: a page of five hundred pictures can still be mailed."""

LISTED = 200
"""Rows of a table of files."""

SIDE = 176
"""Pixels of a picture's longer side on the page."""


@dataclass(frozen=True)
class Section:
    """Pairs with one thing wrong.

    Attributes:
        id: What a link leads to.
        title: What is wrong.
        meaning: Why it matters, and what to do: sentences.
        groups: How many groups of images the audit found.
        pairs: All of them; the page shows the first.
    """

    id: str
    title: str
    meaning: str
    groups: int
    pairs: tuple[CopyPair, ...]


def write_audit_page(found: Audit, read: Callable[[str], bytes], path: Path) -> None:
    """Write an audit as one HTML file that loads nothing from elsewhere.

    Args:
        found: The audit.
        read: Returns an encoded image by what the audit calls it; called from several threads.
        path: The file to write.

    Raises:
        OutputError: It cannot be written.
    """
    parts = sections(found)
    copies = [found.copies[each].path for part in parts for pair in part.pairs[:SHOWN] for each in _ids(pair)]
    text = template("audit.html.jinja", names={"describe": describe, "halves": _halves}).render(
        found=found,
        sections=parts,
        copies=found.copies,
        thumbs=_thumbs([*copies, *(each.path for each in found.suspicious[:SHOWN])], read),
        crossing_pair=lambda pair: _differ(found, pair, "split"),
        conflicting_pair=lambda pair: _differ(found, pair, "label"),
        kept_out=sum(map(len, found.label_conflicts)),
        shown=SHOWN,
        listed=LISTED,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"page {path}: cannot be written ({error.strerror}).") from error


def sections(found: Audit) -> list[Section]:
    """Return the pairs by what is wrong with them, worst first; each stands in the first section that it fits."""
    conflicting = {path for group in found.label_conflicts for path in group}
    crossing = {path for group in found.crossing for path in group}

    def place(pair: CopyPair) -> str:
        path = found.copies[pair.first].path
        if path in conflicting and _differ(found, pair, "label"):
            return "conflicts"
        if path in crossing and _differ(found, pair, "split"):
            return "leaks"
        return "near" if pair.kind == "near" else "exact"

    def of(name: str) -> tuple[CopyPair, ...]:
        return tuple(
            sorted(
                (pair for pair in found.pairs if place(pair) == name),
                key=lambda pair: (pair.kind == "near", -pair.similarity, found.copies[pair.first].path),
            )
        )

    every = [
        Section(
            "conflicts",
            "The same image with different labels",
            "At most one of the labels can be correct. Correct them by hand, or leave these images out.",
            len(found.label_conflicts),
            of("conflicts"),
        ),
        Section(
            "leaks",
            "The same image in two splits",
            "A model trained on one copy has memorized the other, so metrics on the test set say little about new "
            "images. Pairs whose labels also differ are listed above.",
            len(found.crossing),
            of("leaks"),
        ),
        Section(
            "exact",
            "Exact duplicates",
            "The same bytes, or the same pixels in another file. Keep one of them.",
            len(found.exact),
            of("exact"),
        ),
        Section(
            "near",
            "Near-duplicates",
            "The same image, scaled, recompressed, mirrored, slightly cropped or recolored; the most similar pairs "
            "come first.",
            len(found.near),
            of("near"),
        ),
    ]
    return [section for section in every if section.pairs]


def _differ(found: Audit, pair: CopyPair, what: str) -> bool:
    one, other = (getattr(found.copies[each], what) for each in _ids(pair))
    if what == "label":
        one, other = (None if word is None else meaning(word) for word in (one, other))
    return one is not None and other is not None and one != other


def _ids(pair: CopyPair) -> tuple[str, str]:
    return pair.first, pair.second


def _thumbs(paths: Sequence[str], read: Callable[[str], bytes]) -> dict[str, str | None]:
    """Return each picture as a data URI, None where it cannot be read any more."""

    def one(path: str) -> str | None:
        try:
            picture = read_picture(read(path), path=path)
        except UnreadableImageError:
            return None
        picture.thumbnail((SIDE, SIDE))
        encoded = io.BytesIO()
        picture.save(encoded, "JPEG", quality=82)
        return "data:image/jpeg;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")

    wanted = list(dict.fromkeys(paths))
    with quiet_decoders(), closing(ordered_map(one, wanted, available_threads())) as results:
        return dict(zip(wanted, results, strict=True))


def describe(pair: CopyPair) -> str:
    """Return how two images are alike, in a few words.

    Example:
        >>> describe(CopyPair(first="a", second="b", kind="near", similarity=0.974, change="mirrored"))
        'mirrored, similarity 0.97'
    """
    if pair.kind == "near":
        return f"{pair.change or 'near-duplicate'}, similarity {pair.similarity:.2f}"
    return f"same {pair.kind}"


def _halves(pair: CopyPair, copies: dict[str, Copy]) -> Iterator[Copy]:
    return (copies[each] for each in _ids(pair))
