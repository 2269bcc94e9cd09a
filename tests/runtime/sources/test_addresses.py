from __future__ import annotations

import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.sources.addresses import Address, is_address, is_local


def test_the_login_is_read_and_not_shown() -> None:
    address = Address.parse("rtsp://ad%40min:p%23w%2F@192.168.1.20:554/stream?n=1#x")
    assert (address.scheme, address.host, address.login) == ("rtsp", "192.168.1.20", ("ad@min", "p#w/"))
    assert address.url_without_login == "rtsp://192.168.1.20:554/stream?n=1"
    assert str(address) == "rtsp://ad%40min:***@192.168.1.20:554/stream?n=1#x"
    assert "p%23w" not in repr(address)


def test_invalid_characters_are_percent_encoded() -> None:
    address = Address.parse("http://host/front door/\udcff/笑?a=1&b=%20")
    assert address.url == "http://host/front%20door/%FF/%E7%AC%91?a=1&b=%20"


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://admin:SECRET#PW@127.0.0.1/x",
        "rtsp://admin:SECRET/PW@127.0.0.1/x",
        "rtsp://admin:SECRET?PW@127.0.0.1/x",
        "rtsp://admin:12#SECRET@127.0.0.1/x",
        "rtsp://admin:SECRET[PW@127.0.0.1/x",
        "ftp://admin:SECRET@127.0.0.1/x",
        "http://admin:SECRET@",
        "rtsp://admin:12/SECRET@127.0.0.1/x",
    ],
)
def test_an_invalid_address_does_not_show_its_password(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Address.parse(text)
    shown = str(caught.value)
    assert "SECRET" not in shown
    assert "PW" not in shown.replace("USER:PASSWORD", "")
    assert "admin:***@" in shown


def test_an_invalid_login_is_reported_with_its_encoding() -> None:
    with pytest.raises(InputError, match=r"%23 for #, %40 for @"):
        Address.parse("rtsp://admin:SECRET#PW@127.0.0.1/x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("http://h/x", True), ("RTSP://h", True), ("a:b", False), ("C:\\x", False), ("./http://x", False), ("", False)],
)
def test_is_address(text: str, expected: bool) -> None:
    assert is_address(text) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.20", True),
        ("10.1.2.3", True),
        ("169.254.1.1", True),
        ("fe80::1", True),
        ("8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("no.such.host.invalid", False),
    ],
)
def test_is_local(host: str, expected: bool) -> None:
    assert is_local(host) is expected
