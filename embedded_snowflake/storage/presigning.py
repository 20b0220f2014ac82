"""Addresses of staged files: signed, for one file, one direction and a limited time."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session


def _signature(secret: str, method: str, path: str, until: int) -> str:
    text = f"{method}\n{path}\n{until}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def sign(session: Session, path: Path, seconds: float, method: str) -> str:
    """An address on this server for one file.

    Args:
        path: a file below the warehouse's root.
        seconds: how long the address works.
        method: GET or PUT.
    """
    relative = os.path.relpath(path, session.root)
    until = int(time.time() + max(seconds, 1))
    signature = _signature(session.engine.presign, method, relative, until)
    return f"{session.base_url}/files/{method}/{until}/{signature}/{quote(relative)}"


def opened(
    root: Path, secret: str, method: str, until: str, signature: str, path: str
) -> Path | None:
    """The file that an address stands for; None where it was not signed, or not for this."""
    if not re.fullmatch(r"[0-9]{1,12}", until) or int(until) < time.time():
        return None
    expected = _signature(secret, method, path, int(until))
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return None
    target = (root / path).resolve()
    return target if target.is_relative_to(root.resolve()) else None
