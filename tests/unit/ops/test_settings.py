"""Settings: what wins, what is refused, and that no secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import settings
from ops.settings import SettingsError, load

KEY = "ab" * 32


def written(folder: Path, text: str) -> Path:
    file = folder / "liuhen.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'internal = "127.0.0.1:1"\npublic = "127.0.0.1:2"\nlog_level = "error"\n')
    environment = {"LIUHEN_INTERNAL": "127.0.0.1:3", "LIUHEN_PUBLIC": "127.0.0.1:4", "HOME": "/nowhere"}
    found = load(file, environment, internal="127.0.0.1:5", public=None)
    assert (found.internal, found.public, found.log_level) == ("127.0.0.1:5", "127.0.0.1:4", "error")


def test_nothing_dangerous_has_a_default() -> None:
    found = load(None, {})
    assert (found.data, found.database_dsn, found.internal, found.public, found.log_key) == (None,) * 5


def test_relative_paths_of_a_file_count_from_its_folder(tmp_path: Path) -> None:
    found = load(written(tmp_path, 'data = "records"\n'), {})
    assert found.data == tmp_path / "records"
    assert found.register == tmp_path / "records" / "register"


def test_a_secret_never_shows_in_the_settings_text() -> None:
    found = load(None, {"LIUHEN_LOG_KEY": KEY, "LIUHEN_DATABASE_DSN": "postgresql://u:hidden@h/d"})
    assert found.log_key == KEY
    assert KEY not in repr(found)
    assert "hidden" not in repr(found)


def test_a_secret_comes_from_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(KEY + "\n")
    secret.chmod(0o600)
    assert load(written(tmp_path, 'log_key_file = "key"\n'), {}).log_key == KEY
    secret.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        load(written(tmp_path, 'log_key_file = "key"\n'), {})


def test_a_secret_is_never_taken_from_the_command_line() -> None:
    with pytest.raises(SettingsError, match="never taken from the command line"):
        load(None, {}, log_key=KEY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('datta = "x"\n', "unknown setting 'datta'"),
        ("internal = 8080\n", "expected text in quotes"),
        ('internal = "8080"\n', "expected HOST:PORT"),
        ('internal = "127.0.0.1:70000"\n', "expected HOST:PORT"),
        ('log_level = "loud"\n', "expected one of debug"),
        ('data = ""\n', "expected a path"),
        ('log_key = "12"\n', "expected 64 hexadecimal digits"),
        ('database_dsn = "mysql://"\n', "expected postgresql://"),
        ("data = \n", "is not TOML"),
        ('log_key_file = "absent"\n', "cannot be read"),
        (f'log_key = "{KEY}"\nlog_key_file = "key"\n', "given twice"),
        ("[internal]\nport = 1\n", "expected text in quotes"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(written(tmp_path, text), {})


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(SettingsError, match="LIUHEN_INTERNL"):
        load(None, {"LIUHEN_INTERNL": "127.0.0.1:1"})


def test_a_wrong_secret_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, {"LIUHEN_LOG_KEY": "not-so-secret"})
    assert "not-so-secret" not in str(caught.value)


def test_what_a_command_needs_is_asked_for_by_its_variable() -> None:
    with pytest.raises(SettingsError, match="set LIUHEN_INTERNAL"):
        load(None, {}).require("internal")
    with pytest.raises(SettingsError, match="LIUHEN_LOG_KEY_FILE"):
        load(None, {}).require("log_key")


def test_every_setting_is_documented() -> None:
    source = Path(settings.__file__).read_text("utf-8")
    for name in settings.FIELDS:
        assert source.split(f"\n    {name}: ")[1].splitlines()[1].strip().startswith('"""'), name
