"""Seals text under a passphrase: one key a relationship, so that to forget a relationship is to destroy its key.

The passphrase is stretched by scrypt into a key that only wraps other keys. Every relationship has a random 256-bit
key of its own, stored wrapped. Every text is sealed with AES-256-GCM under its relationship's key, a random nonce and
the message's id as associated data, so that a sealed text cannot be moved to another message.
"""

from __future__ import annotations

import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from attunement.errors import StoreError

_NONCE_BYTES = 12
_PROOF = b"attunement store"


class Sealer:
    """Seals and opens texts of one store."""

    def __init__(self, passphrase: str, salt: bytes) -> None:
        stretched = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
        self._wrapping = AESGCM(stretched)
        self._keys: dict[int, AESGCM] = {}

    def proof(self) -> bytes:
        """Something sealed, by which a later passphrase is checked."""
        return _sealed(self._wrapping, _PROOF, b"proof")

    def check(self, proof: bytes) -> None:
        """Refuse a passphrase that is not the store's."""
        try:
            _opened(self._wrapping, proof, b"proof")
        except InvalidTag as fault:
            raise StoreError(
                "the passphrase does not open this store",
                got="another passphrase",
                have="the one that it was made with",
                do="try again; without it the text cannot be read by anyone, though counts and times can",
            ) from fault

    def new_key(self, relationship_id: int) -> bytes:
        """Make a key for a relationship, and give it back wrapped, to be stored."""
        key = AESGCM.generate_key(256)
        self._keys[relationship_id] = AESGCM(key)
        return _sealed(self._wrapping, key, relationship_id.to_bytes(8, "little"))

    def learn_key(self, relationship_id: int, wrapped: bytes) -> None:
        """Unwrap the stored key of a relationship."""
        if relationship_id not in self._keys:
            key = _opened(self._wrapping, wrapped, relationship_id.to_bytes(8, "little"))
            self._keys[relationship_id] = AESGCM(key)

    def seal(self, relationship_id: int, item_id: int, *texts: str | None) -> bytes | None:
        """Texts of one message, sealed together; None where there are none."""
        if all(text is None for text in texts):
            return None
        plain = json.dumps(texts, ensure_ascii=False).encode()
        return _sealed(self._keys[relationship_id], plain, item_id.to_bytes(8, "little"))

    def open(self, relationship_id: int, item_id: int, sealed: bytes | None) -> list[str | None] | None:
        """The texts of one message, or None where there are none or their key was destroyed."""
        key = self._keys.get(relationship_id)
        if sealed is None or key is None:
            return None
        texts: list[str | None] = json.loads(_opened(key, sealed, item_id.to_bytes(8, "little")))
        return texts


def _sealed(key: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, bound_to)


def _opened(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
