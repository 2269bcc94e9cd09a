"""Names and addresses as they are shown: escaped, with passwords masked, the first few of many."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_NOT_SHOWN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of control characters, lone surrogates, and line and paragraph separators."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the text around them, so that a name can pose as another."""

_MASK = "***"
_NO_SECRETS = (_MASK, "PASSWORD")
"""Placeholders for a password in messages."""

_SCHEME = re.compile(r"[^:@]*?(?::/+|//+)")
"""Text up to the first slashes that begin a host; `rtsp:/` and `rtsp//` are typing mistakes."""
_SCHEME_ALONE = re.compile(r"\W*(?:rtsps?|https?|mqtts?|rtmps?|ftps?):", re.IGNORECASE)
_PROPER_SCHEME = re.compile(r"\w://")
_PATH = re.compile(r"""["'(\[]*(?:[A-Za-z]:[\\/]|/)(?!/)""")
"""Beginning of an absolute path, with or without a drive; its colon and its slashes begin no host."""
_WORD = re.compile(r"\S*?(?::/|//)[^\s@/?#]*:(?!\d{1,5}(?:[/?#]|\W*\s))(?:(?!\w:/).){0,200}@\S*|\S+", re.DOTALL)
"""Word, or an address with spaces in its password: from its scheme to the last @ before the next address."""
_HOST = re.compile(r"(?:\[[^\]]*\]|(?!\[)[^:/?#]*):")
_PORT = re.compile(r"(\d{0,5})(?:[/?#]|\W*$)")
_LARGEST_PORT = 65535
_PARAMETER = re.compile(
    r"(?:(?:^|[?&;#/_])[\w.-]{0,40}(?:pas|pwd|psw|pw|token|secret|key|auth|sig|cred|code(?!c)|pin|sid|session|hash"
    r"|jwt|bearer|streamid)[\w.%-]{0,40}|[?&;][kp])=(\*\*\*|.+?)(?=[&;][\w.-]{1,40}=|(?<=\*)\W*$|$)",
    re.IGNORECASE | re.DOTALL,
)
"""Value of a parameter that is named as passwords are, in a query, a fragment or a path."""
_SEGMENT = re.compile(r"/(?:token|key|auth|secret|pass(?:word)?|pwd)/([^/?#]+)", re.IGNORECASE)
"""Part of a path after one that is named as passwords are."""
_BEFORE_PARAMETER = re.compile(r"[/?&;#]")
"""Without one of these or a scheme, `key=value` is a word of a message."""
_TOKEN = re.compile(r"(?<=[/=])(?=[\w-]*(?:\d[^\W\d_]|[^\W\d_]\d))([\w-]{16,})(?![\w.-])")
"""Long word with which some cameras' paths grant access: letters beside digits, unlike words joined by hyphens."""


def printable(text: str) -> str:
    r"""Return `text` with everything that a terminal or a JSON reader cannot take escaped.

    Bytes that are not UTF-8, which Python holds as lone surrogates, become `\xff`; control characters, and with them
    terminal escapes and line breaks, become `\x1b`, `\n` and so on. All other text, in any script, stays as it is.
    """
    return "".join(_escaped(character) if _is_unsafe(character) else character for character in text)


def some(texts: Sequence[str], separator: str = ", ", *, shown: int = 3) -> str:
    """Join the first few texts and the number of further ones."""
    more = len(texts) - shown
    return separator.join([*texts[:shown], *([f"and {more:,} more"] if more > 0 else [])])


def without_password(address: str) -> str:
    """Return an address with `***` for every password and token in it, also where the address is malformed.

    What precedes the last @ is a login, of which the user's name is shown if a password follows it. Cameras also take
    passwords as parameters, and tokens as a part of the path. Where an address can be parsed in two ways, the secrets
    of both are masked.
    """
    shown, done = "", 0
    for start, end in sorted(_secret_spans(address)):
        if start >= done:
            shown += address[done:start] + _MASK
        done = max(done, end)
    return shown + address[done:]


def without_passwords(text: str) -> str:
    """Return a text, such as a message, with every address in it as `without_password` shows it."""
    return _WORD.sub(lambda word: without_password(word[0]), text)


def _secret_spans(address: str) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of each secret; they may overlap."""
    path = _PATH.match(address)
    scheme = None if path else _SCHEME.match(address)
    beginning = path or scheme
    start = beginning.end() if beginning else 0
    at = address.rfind("@")
    if at > start:
        yield from _login_span(address, start, at, has_scheme=scheme is not None)
    elif at < 0:
        yield from _no_port_span(address, scheme or _SCHEME_ALONE.match(address))
    for match in _PARAMETER.finditer(address):
        if scheme or _BEFORE_PARAMETER.search(address, 0, match.start(1)):
            yield match.span(1)
    if _PROPER_SCHEME.search(address):
        yield from (match.span(1) for pattern in (_TOKEN, _SEGMENT) for match in pattern.finditer(address))


def _login_span(address: str, start: int, at: int, *, has_scheme: bool) -> Iterator[tuple[int, int]]:
    """Yield the password behind `user:`, or all of the login; it ends at the last @, as passwords hold @, /, # and ?.

    Without a scheme and a colon it is a file's name.
    """
    user, colon, password = address[start:at].partition(":")
    if password in _NO_SECRETS:
        return
    if password:
        yield start + len(user) + 1, at
    elif has_scheme or colon:
        yield start, at


def _no_port_span(address: str, scheme: re.Match[str] | None) -> Iterator[tuple[int, int]]:
    """Yield text in place of a port that is no port: the password of an address without a host."""
    host = scheme and _HOST.match(address, scheme.end())
    if host:
        port = _PORT.match(address, host.end())
        if port is None or int(port[1] or 0) > _LARGEST_PORT:
            yield host.end(), len(address)


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _NOT_SHOWN or character in _BIDI_CONTROLS


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python holds a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
