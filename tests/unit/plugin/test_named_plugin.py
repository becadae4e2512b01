"""A plugin file that only a run folder names is not executed."""

from pathlib import Path

import pytest

from emoclass import Registry
from emoclass.errors import ConfigError
from emoclass.plugin.configure import load_named_plugin
from emoclass.reporting.folders.run import resume_command


@pytest.fixture
def stranger(tmp_path):
    """Return a plugin file that tells whether it was executed."""
    file = tmp_path / "strangers.py"
    file.write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\n")
    return file


def test_it_is_refused_unless_it_is_named(stranger, tmp_path):
    registry = Registry()
    with pytest.raises(ConfigError, match="only the run folder names it") as caught:
        load_named_plugin(registry, str(stranger), named=None, command="emoclass run --resume x")
    assert caught.value.hint == "If you trust it, name it: emoclass run --resume x"
    with pytest.raises(ConfigError, match="as the run began with"):
        load_named_plugin(registry, str(stranger), named=tmp_path / "other.py", command="")
    assert not (tmp_path / "executed").exists()
    load_named_plugin(registry, str(stranger), named=stranger, command="")
    assert (tmp_path / "executed").exists()
    load_named_plugin(registry, str(stranger), named=None, command="")  # the registry has it


def test_an_installed_plugin_need_not_be_named(registry):
    assert load_named_plugin(registry, "tiny", named=None, command="") == "tiny"
    assert load_named_plugin(registry, "tiny", named="tiny", command="") == "tiny"
    with pytest.raises(ConfigError, match="expected tiny, as the run began with, got other"):
        load_named_plugin(registry, "tiny", named="other", command="")


def test_the_command_that_continues_a_run_names_the_file(tmp_path):
    (tmp_path / "config.toml").write_text('plugin = "/plugins/my own.py"\n')
    assert resume_command(tmp_path) == f"emoclass run --resume {tmp_path} --plugin '/plugins/my own.py'"
    (tmp_path / "config.toml").write_text('plugin = "happysad"\n')
    assert resume_command(tmp_path) == f"emoclass run --resume {tmp_path}"
    assert resume_command(Path("absent")) == "emoclass run --resume absent"
