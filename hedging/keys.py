"""The key of an account, from its private file or from the environment; never from the configuration."""

import os
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from hedging.errors import SettingsError
from hedging.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an account signs with; OKX alone has a passphrase."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)


def secrets(account: AccountSettings) -> Secrets:
    """Key, secret and, at OKX, passphrase of an account, from its 0600 file or from the environment.

    Raises SettingsError when one is missing or the file may be read by others.
    """
    if account.secrets_file is not None:
        return _from_file(account, account.secrets_file)
    names = [account.key_env, account.secret_env, *([account.passphrase_env] * _has_passphrase(account))]
    values = [os.environ.get(name, "").strip() for name in names]
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        raise SettingsError(
            f"account {account.name!r} needs the environment variable {' and '.join(missing)}; "
            "set it and start again"
        )
    return Secrets(*values)


def _has_passphrase(account: AccountSettings) -> bool:
    return account.venue == "okx"


def _from_file(account: AccountSettings, path: Path) -> Secrets:
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise SettingsError(f"{path} may be read by others; run: chmod 600 {path}")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"the secrets of {account.name!r} cannot be read: {error}") from error
    names = ["key", "secret", *(["passphrase"] * _has_passphrase(account))]
    found = [values.get(name) for name in names]
    texts = [value for value in found if isinstance(value, str) and value]
    if len(texts) != len(names):
        lines = " and ".join(f'{name} = "…"' for name in names)
        raise SettingsError(f"{path} needs the lines {lines}")
    return Secrets(*texts)
