"""The key that signs the ledger's head: a file for its owner alone, and a public half for who checks."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hedging.errors import LedgerError

PUBLIC_SUFFIX = ".pub"


@dataclass(frozen=True, slots=True)
class HeadKey:
    """An Ed25519 key."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def create(cls, path: Path) -> "HeadKey":
        """Make a key in ``path`` (0600) and its public half in ``path`` + ``.pub``.

        Raises LedgerError where one is there already, or the files cannot be written.
        """
        key = cls(Ed25519PrivateKey.generate())
        private = key.private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        public = key.public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        _write(path, private, 0o600)
        _write(public_path(path), public, 0o644)
        return key

    @classmethod
    def load(cls, path: Path) -> "HeadKey":
        """Read a key; raises LedgerError where others may read the file, or it holds no Ed25519 key."""
        try:
            if path.stat().st_mode & 0o077:
                raise LedgerError(f"{path} may be read by others; run: chmod 600 {path}")
            private = form.load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise LedgerError(
                f"the key of the ledger's head cannot be read: {error.strerror}: {path}"
            ) from error
        except (ValueError, TypeError) as error:
            raise LedgerError(f"{path} holds no private key in PEM form") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise LedgerError(f"{path} holds a key of another kind; make one with: ledger new-key {path}")
        return cls(private)

    @property
    def public(self) -> Ed25519PublicKey:
        """The half that checks."""
        return self.private.public_key()

    def sign(self, message: bytes) -> bytes:
        """64 bytes that only this key makes of ``message``."""
        return self.private.sign(message)


def public_path(path: Path) -> Path:
    """Where the public half of the key in ``path`` lies."""
    return path.with_name(path.name + PUBLIC_SUFFIX)


def load_public(path: Path) -> Ed25519PublicKey:
    """Read a public half; raises LedgerError where the file holds none."""
    try:
        public = form.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise LedgerError(f"the public key cannot be read: {error.strerror}: {path}") from error
    except ValueError as error:
        raise LedgerError(f"{path} holds no public key in PEM form") from error
    if not isinstance(public, Ed25519PublicKey):
        raise LedgerError(f"{path} holds a public key of another kind than Ed25519")
    return public


def require_outside(path: Path, state: Path) -> None:
    """Raise LedgerError where ``path`` lies in the state folder: who changes the one could change both."""
    if path.resolve().is_relative_to(state.resolve()):
        raise LedgerError(
            f"{path} lies in the state folder {state}: choose another place, best another disk and owner"
        )


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    except FileExistsError as error:
        raise LedgerError(f"{path} is there already: it is kept, choose another name") from error
    except OSError as error:
        raise LedgerError(f"the key cannot be written: {error.strerror}: {path}") from error
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
        os.fsync(file)
