"""Settings: what wins, what is refused, and that no secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import settings
from ops.settings import SettingsError, load

DSN = "postgresql://u:hidden@h/d"


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
    assert (found.data, found.database_dsn, found.internal, found.public) == (None,) * 4
    assert (found.register, found.keys, found.tiles, found.published, found.signed_for, found.origin) == (None,) * 6


def test_relative_paths_of_a_file_count_from_its_folder(tmp_path: Path) -> None:
    found = load(written(tmp_path, 'data = "records"\n'), {})
    assert found.data == tmp_path / "records"
    assert found.register == tmp_path / "records" / "register"


def test_what_lies_beside_the_database_follows_data_unless_it_is_named(tmp_path: Path) -> None:
    found = load(None, {"LIUHEN_DATA": str(tmp_path), "LIUHEN_KEYS": "/elsewhere/keys"})
    assert found.keys == Path("/elsewhere/keys")
    assert (found.register, found.tiles, found.published) == tuple(
        tmp_path / name for name in ("register", "tiles", "published")
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "log.example"),
        ("signed_for", "log.example:8443"),
        ("origin", "https://log.example:8443"),
        ("authorities", "210000"),
        ("authorities", "210000 210521"),
        ("uploads_per_second", "0"),
        ("internal", "[::1]:0"),
        ("public", "127.0.0.1:65535"),
    ],
)
def test_a_sound_value_is_taken_as_it_is(name: str, value: str) -> None:
    assert getattr(load(None, {f"LIUHEN_{name.upper()}": value}), name) == value


def test_a_secret_never_shows_in_the_settings_text() -> None:
    found = load(None, {"LIUHEN_DATABASE_DSN": DSN})
    assert found.database_dsn == DSN
    assert "hidden" not in repr(found)


def test_a_secret_comes_from_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    secret = tmp_path / "dsn"
    secret.write_text(DSN + "\n")
    secret.chmod(0o600)
    assert load(written(tmp_path, 'database_dsn_file = "dsn"\n'), {}).database_dsn == DSN
    secret.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        load(written(tmp_path, 'database_dsn_file = "dsn"\n'), {})


def test_a_secret_is_never_taken_from_the_command_line() -> None:
    with pytest.raises(SettingsError, match="never taken from the command line"):
        load(None, {}, database_dsn=DSN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('datta = "x"\n', "unknown setting 'datta'"),
        ("internal = 8080\n", "expected text in quotes"),
        ('internal = "8080"\n', "expected HOST:PORT"),
        ('internal = "127.0.0.1:70000"\n', "expected HOST:PORT"),
        ('log_level = "loud"\n', "expected one of debug"),
        ('data = ""\n', "expected a path"),
        ('database_dsn = "mysql://"\n', "expected postgresql://"),
        ("data = \n", "is not TOML"),
        ('database_dsn_file = "absent"\n', "cannot be read"),
        (f'database_dsn = "{DSN}"\ndatabase_dsn_file = "dsn"\n', "given twice"),
        (f'log_key = "{"ab" * 32}"\n', "unknown setting 'log_key'"),
        ('keys = ""\n', "keys .*: expected a path"),
        ("tiles = 1\n", "tiles .*: expected a path"),
        ("published = []\n", "published .*: expected a path"),
        ('host = "Log.Example"\n', "expected a host name in lower case, came 'Log.Example'"),
        ('host = "log.example/"\n', "expected a host name in lower case"),
        ('host = "-log"\n', "expected a host name in lower case"),
        (f'host = "{"a" * 203}"\n', "expected a host name in lower case"),
        ("signed_for = 8080\n", "signed_for .*: expected text in quotes"),
        ('origin = "log.example"\n', "expected https://HOST without a path"),
        ('origin = "https://log.example/"\n', "expected https://HOST without a path"),
        ('origin = "https://log.example\\n"\n', "expected https://HOST without a path"),
        ('authorities = ""\n', "expected codes separated by one space"),
        ('authorities = "210000, 210521"\n', "expected codes separated by one space"),
        (f'authorities = "{"2" * 33}"\n', "expected codes separated by one space"),
        ("uploads_per_second = 20\n", "uploads_per_second .*: expected text in quotes"),
        ('uploads_per_second = "-1"\n', "expected a whole number, came '-1'"),
        ('uploads_per_second = "1.5"\n', "expected a whole number"),
        ('uploads_per_second = "1000000"\n', "expected a whole number"),
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
        load(None, {"LIUHEN_DATABASE_DSN": "not-so-secret"})
    assert "not-so-secret" not in str(caught.value)


def test_what_a_command_needs_is_asked_for_by_its_variable() -> None:
    with pytest.raises(SettingsError, match="set LIUHEN_INTERNAL"):
        load(None, {}).require("internal")
    with pytest.raises(SettingsError, match="LIUHEN_DATABASE_DSN_FILE"):
        load(None, {}).require("database_dsn")


def test_every_setting_is_documented() -> None:
    source = Path(settings.__file__).read_text("utf-8")
    for name in settings.FIELDS:
        assert source.split(f"\n    {name}: ")[1].splitlines()[1].strip().startswith('"""'), name
