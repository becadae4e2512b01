"""`emoclass audit`: what is wrong with a dataset before anything is trained on it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.labels import audit_labels, label_options, labels_chosen
from emoclass.cli.output import data_option, json_option, parse_data_options, print_json, printable, say
from emoclass.errors import ConfigError

if TYPE_CHECKING:
    from emoclass.auditing.findings import Audit
    from emoclass.progress import Progress
    from emoclass.workflows.audit import Listing

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Find duplicates, label conflicts, leaks across splits and broken files in a dataset.

DIR has one subfolder per class, with any names, optionally below train/, validation/ and test/; or it is one folder of
images without classes, or a table such as labels.csv. Nothing in DIR is ever changed, and nothing is written without
--report or --write-clean.

\b
emoclass audit photos/
emoclass audit labels.csv
emoclass audit photos/ --report audit.html           shows the pairs side by side, worst first
emoclass audit photos/ --write-clean exclude.txt     for emoclass run --exclude exclude.txt
emoclass audit --dataset synthetic-faces --strict    exit code 1 if leaks or conflicts are found
emoclass audit photos/ --labels                      labels that are probably wrong; trains models
"""


@click.command(help=HELP)
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--dataset", metavar="NAME", default="folder", show_default=True, help="The dataset reader.")
@click.option("--data", metavar="ROOT", help="The dataset's folder; same as DIR.")
@data_option
@click.option("--report", metavar="FILE.html", help="Write an HTML page that shows the pairs side by side, worst "
              "first.")  # fmt: skip
@click.option("--write-clean", "clean", metavar="OUT", help="Write a cleaned copy of the dataset to the new folder "
              "OUT (hard links where possible); or, if OUT ends in .txt, a list of the files to exclude.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit with code 1 if copies or groups cross official splits, or labels "
              "conflict.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Number of CPU threads; all by default.")
@label_options
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def audit(
    folder: str | None, dataset: str, data: str | None, report: str | None, clean: str | None, strict: bool,
    data_options: tuple[str, ...], threads: int | None, as_json: bool, quiet: bool, **chosen: Any,
) -> None:  # fmt: skip
    """Audit, print the findings, and write what was asked for."""
    if folder is not None and data is not None:
        raise ConfigError(f"--data {data}: DIR is given as well ({folder}).", hint="Leave one of them out.")
    root = folder if data is None else data
    options = parse_data_options(data_options)
    if labels_chosen(chosen, {"--report": report, "--write-clean": clean, "--strict": strict}):
        other = None if dataset == "folder" else dataset
        audit_labels(root, other, options, threads=threads, as_json=as_json, quiet=quiet, chosen=chosen)
        return
    if root is None and dataset == "folder":
        raise ConfigError("DIR: expected a folder of images, got none.", hint="For example: emoclass audit photos/")
    page, target = (None if each is None else Path(each) for each in (report, clean))
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no result
            from emoclass.cli.progress import TerminalProgress
            from emoclass.progress import Progress
            from emoclass.workflows.audit import list_images

            progress = Progress() if quiet else TerminalProgress()
            listing = list_images(root, dataset=dataset, options=options)
            _check(page, target, listing)
            found = listing.examine(threads=threads, progress=progress)
        _print(found, as_json=as_json, hint=page is None)  # first: a full disk must not cost the findings
        with redirect_stdout(sys.stderr):
            written = _write(page, target, listing, found, progress)
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        sys.exit(130)
    for line in written:
        click.echo(line, err=as_json)
    if strict and (found.leaks or found.label_conflicts):
        why = {
            "copies across splits": found.crossing,
            "groups across splits": found.torn_groups,
            "label conflicts": found.label_conflicts,
        }
        problems = ", ".join(f"{len(groups):,} {what}" for what, groups in why.items() if groups)
        say(f"--strict: exit code 1 because of {problems}.", err=True)
        sys.exit(1)


def _print(found: Audit, *, as_json: bool, hint: bool) -> None:
    if as_json:
        print_json(found.to_json())
        return
    click.echo(found.summary())
    if found.pairs and hint:
        click.echo("\nTo see the pictures side by side, add --report audit.html.")


def _check(page: Path | None, target: Path | None, listing: Listing) -> None:
    """Refuse before the work what could not be written after it."""
    from emoclass.auditing.clean import check_outside, check_target

    if page is not None:
        if page.suffix.lower() not in (".html", ".htm"):
            raise ConfigError(f"--report {page}: expected a name that ends in .html.")
        if page.is_dir():
            raise ConfigError(f"--report {page}: expected a file, got a folder.")
        check_outside(page, listing.root)
    if target is not None:
        check_target(target, listing.root, listing.spec)


def _write(page: Path | None, target: Path | None, listing: Listing, found: Audit, progress: Progress) -> list[str]:
    """Write the page and the clean copy or list; return what to say of them."""
    from emoclass.auditing.clean import describe, emptied, exclusions, is_list, write_copy, write_list
    from emoclass.auditing.examine import names, pictures

    said = [""] if page or target else []
    if page is not None:
        from emoclass.reporting.pages.audit import write_audit_page

        write_audit_page(found, pictures(listing.samples, listing.spec, listing.root), page)
        said.append(f"Page: {page}")
    if target is not None:
        left_out = exclusions(found)
        if is_list(target):
            write_list(left_out, found, target)
            said.append(f"List of files to exclude: {target}")
        elif listing.root is not None:
            total = found.n_images - len(left_out)
            written = write_copy(left_out, listing.samples, listing.root, target)
            count = sum(1 for _ in progress.track(written, title="Copying", total=total))
            said.append(f"Clean copy: {target} ({count:,} images)")
        said.append(describe(left_out))
        if words := emptied(left_out, found, listing.samples, names(listing.samples)):
            said.append(f"No images remain of: {', '.join(map(printable, words))}.")
    return said
