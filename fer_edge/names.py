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
_PROPER_SCHEME = re.compile(r"\w\w:/")
"""Scheme, with one slash where a path was made of the address; a drive has one letter."""
_PATH = re.compile(r"""["'(\[]*(?:[A-Za-z]:[\\/]|/)(?!/)""")
"""Beginning of an absolute path, with or without a drive; its colon and its slashes begin no host."""
_WORD = re.compile(r"\S*?(?::/|//)[^\s@/?#]*:(?!\d{1,5}(?:[/?#]|\W*\s))(?:(?!\w:/).){0,200}@\S*|\S+", re.DOTALL)
"""Word, or an address with spaces in its password: from its scheme to the last @ before the next address."""
_REST = re.compile(r"""(?<![:;,'")])(?:(?!: )[^'"\n])*""")
"""Further words of a secret with spaces, up to a quotation mark or a colon of the message."""
_HOST = re.compile(r"(?:\[[^\]]*\]|(?!\[)[^:/?#]*):")
_PORT = re.compile(r"(\d{0,5})(?:[/?#]|\W*$)")
_LARGEST_PORT = 65535
_END = r"(\*\*\*(?=\W*$)|.+)"
"""Rest of an address, or a mask behind which a message goes on."""

_PARAMETER = re.compile(
    r"(?:(?:^|[?&;#/_])(?=[\w.%-]{0,90}=)[\w.-]{0,40}(?:pas|pwd|psw|pw|psk|token|secret|private|key|auth|sig|cred|code(?!c)|pin|otp|sid"
    r"|session(?!timeout)|ticket|hash|hmac|md5|digest|nonce|jwt|bearer|streamid|(?:login|api)(?==))[\w.%-]{0,40}|[?&;][kp])="
    r"(\*\*\*|.+?)(?=[&;][\w.-]{1,40}=|_(?:channel|stream)=|(?<=\*)\W*$|$)",
    re.IGNORECASE | re.DOTALL,
)
"""Value of a parameter that is named as passwords are, in a query, a fragment or a path."""
_BEFORE_PARAMETER = re.compile(r"[/?&;#]")
"""Without one of these or a scheme, `key=value` is a word of a message."""
_PROPERTY = re.compile(
    r"(?<![\w?&;#/=.-])(?:[\w-]{0,40}?(?:pw|pwd|passw(?:or)?d|passphrase|secret|token)|user-id)="
    r"""((?:"[^"]*"|'[^']*'|\S)+)""",
    re.IGNORECASE,
)
"""Value of a login's property in a GStreamer pipeline, such as `user-pw=...`; it ends at a space."""
_SEGMENTS = re.compile(
    r"/(?:[\w.-]{0,40}[_.-])?(?:tokens?|api-?key|keys?|auth|login|secret|pass(?:word|wd)?|pwd?)/" + _END,
    re.IGNORECASE | re.DOTALL,
)
"""Path behind a part that is named as passwords are."""
_PAIR = re.compile(r"[/?&;#=][A-Za-z][\w.%-]{0,40}:(?![\\/])" + _END, re.DOTALL)
"""What follows `user:` in a path or query."""
_STREAM_KEY = re.compile(r"rtmp\w*:(?://|/(?!/))[^/]*/(?!bcs/)[^/?#]*/" + _END, re.IGNORECASE | re.DOTALL)
"""Path behind an RTMP application, by convention a key; `bcs` is that of Reolink's cameras."""
_AUTHORITY = re.compile(r"(?:.*?\w\w://?)?[^/?#]*", re.DOTALL)
_TOKEN = re.compile(
    r"(?<=[/=])([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?!\d{8}T\d{6}Z)(?=\w*(?:\d[a-z]|[a-z]\d))[a-z\d]{16,})"
    r"(?![\w.-])",
    re.IGNORECASE,
)
"""Long word with which some cameras' paths grant access: a UUID, or letters beside digits, but no time."""
_NAME = re.compile(r"(?<=[/=])(?!\d{3,4}x\d{3,4})[\w-]{8,}")
"""Part of a path, or a value, that may be random; `1280x720p30fps` is not."""
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
"""Word or number in a name such as `h264Preview_01_main`, which has five."""
_RANDOM_PIECES = 6
_RANDOM_LENGTH, _RANDOM_LENGTH_JOINED = 3.0, 2.5
"""Mean length of a random name's pieces, which is below that, of names with hyphens or underscores below the second."""
_CHARACTER = re.compile(r"%(?:25)*(3[ABDF]|2[36F]|40)|.", re.IGNORECASE | re.DOTALL)
"""Character, or a separator of an address that is percent-encoded once or more."""


def printable(text: str) -> str:
    r"""Return `text` with everything that a terminal or a JSON reader cannot take escaped.

    Bytes that are not UTF-8, which Python holds as lone surrogates, become `\xff`; control characters, and with them
    terminal escapes and line breaks, become `\x1b`, `\n` and so on. All other text, in any script, stays as it is.
    """
    return "".join(_escaped(character) if _is_unsafe(character) else character for character in text)


def is_utf8(text: str) -> bool:
    """Return true if text can be encoded: bytes of the command line that are no UTF-8 are lone surrogates in Python."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def some(texts: Sequence[str], separator: str = ", ", *, shown: int = 3) -> str:
    """Join the first few texts and the number of further ones."""
    more = len(texts) - shown
    return separator.join([*texts[:shown], *([f"and {more:,} more"] if more > 0 else [])])


def without_password(address: str) -> str:
    """Return an address with `***` for every password and token in it, also where the address is malformed.

    What precedes the last @ is a login, of which the user's name is shown if a password follows it. Cameras also take
    passwords as parameters, and tokens as a part of the path. Where an address can be parsed in two ways, as where
    separators are percent-encoded, the secrets of both are masked.
    """
    shown, done = "", 0
    for start, end in sorted([*_secret_spans(address), *_encoded_spans(address)]):
        if start >= done:
            shown += address[done:start] + _MASK
        done = max(done, end)
    return shown + address[done:]


def without_passwords(text: str) -> str:
    """Return a text, such as a message, with every address in it as `without_password` shows it."""
    text = _PROPERTY.sub(lambda match: match[0].removesuffix(match[1]) + _MASK, text)
    shown, done = "", 0
    for word in _WORD.finditer(text):
        if word.start() < done:
            continue
        masked = without_password(word[0])
        shown += text[done : word.start()] + masked
        done = word.end()
        if masked.endswith(_MASK) and not word[0].endswith(_MASK) and (rest := _REST.match(text, done)):
            done = rest.end()
    return shown + text[done:]


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
    yield from (match.span(1) for match in _PROPERTY.finditer(address))
    if _PROPER_SCHEME.search(address):
        yield from _path_spans(address)


def _encoded_spans(address: str) -> Iterator[tuple[int, int]]:
    """Yield the secrets between separators that are percent-encoded; behind the host, `%40` is no end of a login."""
    if "%" not in address:
        return
    host_end = _end_of_authority(address)
    characters = list(_CHARACTER.finditer(address))
    decoded = "".join(
        chr(int(each[1], 16)) if each[1] and (each[1] != "40" or each.start() < host_end) else each[0][0]
        for each in characters
    )
    starts = [*(each.start() for each in characters), len(address)]
    yield from ((starts[start], starts[end]) for start, end in _secret_spans(decoded))


def _path_spans(address: str) -> Iterator[tuple[int, int]]:
    """Yield the secrets in the path and query of an address with a scheme."""
    host_end = _end_of_authority(address)
    for pattern in (_TOKEN, _SEGMENTS, _PAIR):
        yield from (match.span(1) for match in pattern.finditer(address, host_end))
    yield from (match.span(1) for match in _STREAM_KEY.finditer(address))
    yield from (match.span() for match in _NAME.finditer(address, host_end) if _is_random(match[0]))


def _end_of_authority(address: str) -> int:
    """Return where an address's path, query or fragment begins."""
    match = _AUTHORITY.match(address)
    return match.end() if match else 0


def _is_random(name: str) -> bool:
    """Return whether a name consists of more and shorter pieces than one that a person gives."""
    pieces = _PIECE.findall(name)
    limit = _RANDOM_LENGTH if name.isalnum() else _RANDOM_LENGTH_JOINED
    return len(pieces) >= _RANDOM_PIECES and len("".join(pieces)) < limit * len(pieces)


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
