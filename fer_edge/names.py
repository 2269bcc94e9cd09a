"""Names that users give to files, cameras and classes, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata

_NOT_SHOWN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of control characters, lone surrogates, and line and paragraph separators."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the text around them, so that a name can pose as another."""

_LOGIN = re.compile(r"^((?:[^:]|:(?=/))*:(?!/)).*@", re.DOTALL)
"""All up to the first colon that no slash follows, and the password that it begins, which ends at the last @."""
_PARAMETER = re.compile(
    r"((?:^|[?&;/_])[\w.-]*(?:pass?|passwd|password|passphrase|pwd|psw|pw|token|secret|key|auth|sig|signature)=|[?&;]p=)"
    r"[^&;#\s]+",
    re.IGNORECASE,
)


def printable(text: str) -> str:
    r"""Return `text` with everything that a terminal or a JSON reader cannot take as an escape.

    Bytes that are no UTF-8, which Python holds as lone surrogates, become `\xff`; control characters, and with them
    terminal escapes and line breaks, become `\x1b`, `\n` and so on. All other text, in any script, stays as it is.
    """
    return "".join(_escaped(character) if _is_unsafe(character) else character for character in text)


def without_password(address: str) -> str:
    """Return a camera's address with `***` for every password in it, also where the address is malformed.

    The login ends at the last @, since passwords hold @, /, # and ? in the addresses that people write. Cameras also
    take passwords as parameters.
    """
    return _PARAMETER.sub(r"\1***", _LOGIN.sub(r"\1***@", address))


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _NOT_SHOWN or character in _BIDI_CONTROLS


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python holds a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
