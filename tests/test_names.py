from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.names import printable, without_password, without_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("2024-11-14 T22:57.mp4", "2024-11-14 T22:57.mp4"),
        ("Кухня 笑顔 می‌خواهم", "Кухня 笑顔 می‌خواهم"),
        (os.fsdecode(b"\377\351.jpg"), r"\xff\xe9.jpg"),
        ("\x1b[31mred\r\n", r"\x1b[31mred\r\n"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("\ud83d", r"\ud83d"),
    ],
)
def test_printable_escapes_only_what_cannot_be_shown(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode("utf-8")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        ("http://192.168.1.20:8080/video", "http://192.168.1.20:8080/video"),
        ("http://[fe80::1]:8080/video", "http://[fe80::1]:8080/video"),
        ("rtsp://host:554/Streaming/Channels/101?size=640x480", "rtsp://host:554/Streaming/Channels/101?size=640x480"),
        ("rtsp://SECRET@host/x", "rtsp://***@host/x"),
        ("rtsp:SECRET@host/x", "rtsp:***@host/x"),
        ("rtsp://SECRET:@host/x", "rtsp://***@host/x"),
        ("https://host/@name/live", "https://***@name/live"),
        ("rtsp://me:/SECRET@host/x", "rtsp://me:***@host/x"),
        ("://me:SECRET@host/x", "://me:***@host/x"),
        ("//me:SECRET@host/x", "//me:***@host/x"),
        ("rtsp://me:SECRET@", "rtsp://me:***@"),
        ("rtsp://me:SECRET", "rtsp://me:***"),
        ("rtsp://me:SEC/RET", "rtsp://me:***"),
        ("rtsp:me:SECRET", "rtsp:me:***"),
        ("mqtt://me:123456", "mqtt://me:***"),
        ("mqtt://me:99999/x", "mqtt://me:***"),
        ("mqtt://host:1883/x", "mqtt://host:1883/x"),
        ("rtsp://me:SECRET@host:554/x", "rtsp://me:***@host:554/x"),
        ("RTSP://:SECRET@host", "RTSP://:***@host"),
        ("rtsp://me:SE@CRET@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SE:CRET@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SECRET#PW@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SECRET/PW@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SECRET?PW@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SEC\nRET@host/x", "rtsp://me:***@host/x"),
        ("rtsp:/me:SECRET@host/x", "rtsp:/me:***@host/x"),
        ("me:SECRET@host/x", "me:***@host/x"),
        ("rtsp//me:SECRET@host/x", "rtsp//me:***@host/x"),
        (" rtsp://me:SECRET@host/x", " rtsp://me:***@host/x"),
        ('"rtsp://me:SECRET@host/x"', '"rtsp://me:***@host/x"'),
        ("mqtt:me:SECRET@host", "mqtt:***@host"),
        ("http://host/x?loginuse=me&loginpas=SECRET", "http://host/x?loginuse=me&loginpas=***"),
        ("http://host/x?key=SECRET&sig=SECRET&p=SECRET", "http://host/x?key=***&sig=***&p=***"),
        ("http://host/x?user=me&password=SECRET&channel=1", "http://host/x?user=me&password=***&channel=1"),
        ("http://host/cgi?usr=me&pwd=SECRET", "http://host/cgi?usr=me&pwd=***"),
        ("http://host/cgi?pwd=SEC#RET", "http://host/cgi?pwd=***"),
        ("http://host/cgi?pwd=SEC@RET", "http://***"),
        ("http://host/cgi#access_token=SECRET", "http://host/cgi#access_token=***"),
        ("rtsps://host:7441/aB3dE5gH7jK9mN1p?enableSrtp", "rtsps://host:7441/***?enableSrtp"),
        ("rtsp://host/user=me_password=SECRET_1_channel=1", "rtsp://host/user=me_password=***_channel=1"),
        ("party.mp4", "party.mp4"),
        ("party@home.mp4", "party@home.mp4"),
        ("2024-11-14T22:57:44.mp4", "2024-11-14T22:57:44.mp4"),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


_SCHEMES = ("rtsp", "RTSPS", "http", "https", "mqtt", "mqtts", "ftp", "rtmp")
_CORE = "XQZ"
"""Pieces of a made-up secret; none may be shown."""

# How an address holds a secret, and the characters that would make another address of it.
_FORMS = {
    "{}://me:#@host/x": "",
    "{}://:#@host": "",
    "{}://me:#@host:99999/x": "",
    "{}://me:#@host:port": "",
    "{}://me:#@": "",
    "{}://me:#@/x": "",
    "{}:/me:#@host/x": "",
    "{}//me:#@host/x": "",
    "{}:me:#@host": "",
    "://me:#@host": "",
    "me:#@host/x": "",
    "{}://#@host/x": ":",
    "{}://#:@host/x": ":",
    "{}://#@": ":",
    "{}:#@host": ":",
    "{}://host/me:#@cam": "",
    "{}://me:#": "@",
    "{}:me:#": "@",
    "{}://host:#/x": "@",
    "{}://host/x?user=me&password=#": "=",
    "{}://host/x?pwd=#&channel=1": "=",
    "{}://host/x#access_token=#": "=",
    "{}://host/user=me_password=#_channel=1": "=;&",
    "{}://host/user=me&password=#&channel=1": "=",
    "{}://host/x?login=me:#": "@",
    "{}://host/x?login=#": "@=",
    "{}://host:80/0/me:#/main": "@",
    "{}://host:80/x?me:#": "@",
    "{}://host:80/auth/me/#/": "@",
    "rtmp://host/live/#": "@",
    "rtmps://host:443/rtmp/#": "@",
    "me%3A#@host/x": "",
    "{}://me%3A#%40host/x": "@",
    "{}%3A%2F%2Fme%3A#%40host%2Fx": "@/?#",
    'rtspsrc location={}://host/x user-id=me user-pw="#" ! decodebin': '"@&;',
}


@st.composite
def addresses(draw: st.DrawFn, separators: str) -> str:
    form, excluded = draw(st.sampled_from(sorted(_FORMS.items())))
    allowed = [each for each in separators if each not in excluded]
    pieces = draw(st.lists(st.text(st.sampled_from(allowed), max_size=2), min_size=1, max_size=4))
    secret = _CORE + "".join(piece + _CORE for piece in pieces)
    head, _, tail = form.rpartition("#")
    return head.format(draw(st.sampled_from(_SCHEMES))) + secret + tail


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(addresses(separators="#/?@:;&=%+![]$.,'\" -_1"))
def test_no_piece_of_a_secret_is_shown(address: str) -> None:
    shown = without_password(address)
    assert _CORE not in shown
    assert "***" in shown
    assert without_password(shown) == shown


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    addresses(separators="#/?@:;&=%+![]$.,-_1"), st.sampled_from(["error: {}: no video", "got ({})", "'{}', then {}"])
)
def test_no_piece_of_a_secret_is_shown_in_a_message(address: str, message: str) -> None:
    shown = without_passwords(message.format(address, address))
    assert _CORE not in shown
    assert "***" in shown


def test_a_message_without_an_address_stays_as_it_is() -> None:
    message = "error: --camera party@home.mp4: no such file;\n expected 12:30, C:\\x or http://[::1]:80/x, see a/b//c"
    assert without_passwords(message) == message


@pytest.mark.parametrize(
    "text",
    [
        r"C:\Users\me\img@2x.png",
        r"--output 'C:\Users\me\img@2x.mp4': expected a video",
        "D:/me/img@2x.png",
        "/home/pi//img@2x.png",
        "/home/pi//abcdefghijklmnop12345/x",
        "/home/pi//12:30/x:y",
        "src//abcdefghijklmnop12345/x",
        "https://github.com/a/face-expression-recognition-2024-dataset",
        "expected key=value, max_key=3 or author=me",
    ],
)
def test_text_that_is_no_secret_is_shown(text: str) -> None:
    assert without_passwords(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/me:SECRET@host/x", "/me:***@host/x"),
        ("host/cgi?pwd=SECRET", "host/cgi?pwd=***"),
        ("'/cgi?user=me&pwd=SECRET'", "'/cgi?user=me&pwd=***"),
        ("a:SECRET@host/x", "a:***@host/x"),
    ],
)
def test_a_secret_without_a_scheme_is_masked(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no: rtsp://me:SEC RET@host/x, bad", "no: rtsp://me:***@host/x, bad"),
        ("no: rtsp://me: SECRET@host", "no: rtsp://me:***@host"),
        ("no: rtsp:/me:SEC\tRET@ SECRET@host", "no: rtsp:/me:***@host"),
        ("rtsp://me:SEC RET@a, or rtsp://you:S ECRET@b", "rtsp://me:***@a, or rtsp://you:***@b"),
    ],
)
def test_password_with_spaces_is_masked(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


@pytest.mark.parametrize("text", ["http://a:80/x: failed, see me@b", "rtsp://a:80: no video; mqtt://b: see me@c"])
def test_port_before_spaces_is_no_password(text: str) -> None:
    assert without_passwords(text).startswith(text[: text.index(":80") + 3])


@pytest.mark.parametrize(
    "address",
    [
        f"http://host/x?{name}=SECRET"
        for name in ("jwt", "bearer", "k", "pw%64", "X-Amz-Signature", "passphrase", "streamid")
    ]
    + ["http://host/token/SECRET/mjpg", "https://host/Key/SECRET"],
)
def test_secret_named_by_parameter_or_path_is_masked(address: str) -> None:
    assert "SECRET" not in without_password(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://host/ISAPI/Streaming/channels/102/httpPreview?auth=SECRET",
        "http://host/axis-cgi/mjpg/video.cgi?resolution=1280x720p30fps&fps=30",
        "http://host/cgi-bin/api.cgi?cmd=Snap&channel=0&user=me&password=SECRET",
        "http://host/onvif-http/snapshot?Profile_1&token=SECRET",
        "http://host/x?user=me%40home.org&pwd=SECRET",
        "http://host:1984/api/stream.mjpeg?src=rtsp%3A%2F%2Fme%3ASECRET",
        "http://host:8080/shot.jpg",
        "http://host:8080/video.mjpeg",
        "http://host:81/videostream.cgi?loginuse=me&loginpas=SECRET",
        "http://host:88/cgi-bin/CGIProxy.fcgi?cmd=snapPicture2&usr=me&pwd=SECRET",
        "http://raspberrypi-zero2w-kitchen1/VID20241114225744.mp4",
        "rtmp://a.rtmp.youtube.com/live2/SECRET",
        "rtmp://host/bcs/channel0_main.bcs?channel=0&user=me&password=SECRET",
        "rtsp://host/axis-media/media.amp?videocodec=h264&resolution=1920x1080&sessiontimeout=60",
        "rtsp://host/cam/realmonitor?channel=1&subtype=0&authbasic=SECRET",
        "rtsp://host/cam01_stream1_h264_720p",
        "rtsp://host/onvif/profile1/media.smp?u=me&p=SECRET",
        "rtsp://host:554/0/me:SECRET",
        "rtsp://host:554/Streaming/tracks/101?starttime=20241114t225744z",
        "rtsp://host:554/user=me&password=SECRET&channel=1&stream=0.sdp?real_stream",
        "rtsp://host:554/user=me_password=SECRET_channel=1.sdp",
        "rtsp://host:8554/front-door?api=SECRET",
        "rtsp://host:8554/live/ch00_0",
        "rtsp://me:SECRET@host/cam/realmonitor?channel=1&subtype=0",
        "rtsp://me:SECRET@host:554//h264Preview_01_main",
        "rtsp://me:SECRET@host:554/Streaming/Channels/101",
        "rtsp://me:SECRET@host:554/stream1",
        "rtspsrc location=rtsp://host:554/x user-id=SECRET user-pw=SECRET ! decodebin",
    ],
)
def test_address_of_camera_shows_all_but_its_secret(address: str) -> None:
    shown = address.replace("SECRET", "***")
    assert without_password(address) == shown
    assert "SECRET" not in without_passwords(f"error: '{address}' failed")
    assert without_passwords(f"error: {shown}: failed") == f"error: {shown}: failed"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsps://host:7441/QxMvLkTzRbNwPcYd?enableSrtp", "rtsps://host:7441/***?enableSrtp"),
        ("http://host/hls/aB3dE5gH7jK9mN1p.m3u8", "http://host/hls/***.m3u8"),
        ("http://host/hls/aB3d-E5gH_7jK9mN1p/x", "http://host/hls/***/x"),
        ("http://host/550e8400-e29b-41d4-a716-446655440000/x", "http://host/***/x"),
    ],
)
def test_random_part_of_path_is_masked(address: str, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'http://host/x?pwd=SEC RET' is no number", "'http://host/x?pwd=***' is no number"),
        ("http:/host:9/auth/me/SEC RET: no such file", "http:/host:9/auth/***: no such file"),
    ],
)
def test_rest_of_secret_with_spaces_is_masked(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_long_text_is_masked_quickly() -> None:
    for characters in ("_", "a", "/", ":", "@", "=", "pwd=", "?p=", "a//b: c ", "x//y:@ "):
        assert without_passwords(f"rtsp://host/{characters * 10_000}")
        assert without_passwords(characters * 100_000)
