from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset import listing
from fer_edge.dataset.data import ImageFault, SplitName
from fer_edge.dataset.loading import load_dataset
from fer_edge.errors import DataError
from tests.fakes.labelled_faces import noise, write_image, zip_folder

WriteFace = Callable[[Path, int], None]


@pytest.mark.parametrize("folder", ["", "subject1", "subject1/session 2/left"])
@pytest.mark.parametrize("zipped", [False, True])
def test_images_at_any_depth_below_class_folder_are_read(
    tree: Path, write_face: WriteFace, folder: str, zipped: bool
) -> None:
    write_face(tree / "train" / "happy" / folder / "b.png", 50)
    dataset = load_dataset(str(zip_folder(tree) if zipped else tree))
    assert dataset.train.class_counts().tolist() == [1, 1, 1, 2, 1, 1, 1]
    assert f"train/happy/{folder}/b.png".replace("//", "/") in dataset.train.names
    assert dataset.notes == ()


def test_folders_of_subjects_alone_are_read(tmp_path: Path, tree: Path) -> None:
    for file in sorted(tree.rglob("*.png")):
        (file.parent / "subject1").mkdir()
        file.rename(file.parent / "subject1" / file.name)
    assert len(load_dataset(str(tree)).train) == 7


def test_linked_folders_and_files_are_read(tree: Path, tmp_path: Path, write_face: WriteFace) -> None:
    for seed in range(3):
        write_face(tmp_path / "pool" / f"{seed}.png", 50 + seed)
    (tree / "train" / "happy" / "more").symlink_to(tmp_path / "pool")
    (tree / "train" / "sad" / "one.png").symlink_to(tmp_path / "pool" / "0.png")
    shutil.move(tree / "validation", tmp_path / "elsewhere")
    (tree / "validation").symlink_to("../elsewhere")
    dataset = load_dataset(str(tree))
    assert dataset.train.class_counts().tolist() == [1, 1, 1, 4, 1, 2, 1]
    assert len(dataset.validation) == 7
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.DUPLICATE_WITHIN: 1})


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("gone.png", "nowhere", "is a broken link"),
        ("self", "self", "is a broken link"),
        ("up", "..", "is a link to a folder that it lies in"),
        ("here", ".", "is a link to a folder that it lies in"),
        ("endless.png", "/dev/zero", "is a pipe, socket or device"),
    ],
)
def test_broken_or_circular_link_is_counted_and_named(tree: Path, name: str, target: str, reason: str) -> None:
    (tree / "train" / "happy" / name).symlink_to(target)
    dataset = load_dataset(str(tree))
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})
    assert dataset.notes == (f"left out 1 image of the train split: train/happy/{name} {reason}",)


def test_broken_link_outside_classes_is_named(tree: Path) -> None:
    (tree / "more").symlink_to("nowhere")
    assert load_dataset(str(tree)).notes == ("left out more, which is a broken link",)


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_pipe_or_device_is_never_opened(tree: Path, kind: str) -> None:
    pipe = tree / "train" / "happy" / "pipe.png"
    os.mkfifo(pipe)
    assert load_dataset(str(tree)).findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})
    with pytest.raises(DataError, match="is a pipe, socket or device; expected labelled faces: a zip"):
        load_dataset(str(pipe) if kind == "fifo" else "/dev/zero")


_READ_AS_NOBODY = """
import os, sys
from fer_edge.dataset.loading import load_dataset
os.setuid(65534)
dataset = load_dataset(sys.argv[1])
print(*dataset.notes, sep="\\n")
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_unreadable_entries_are_counted_and_named(
    tree: Path, write_face: WriteFace, child_environment: dict[str, str]
) -> None:
    write_face(tree / "train" / "happy" / "b.png", 50)
    (tree / "train" / "happy" / "b.png").chmod(0)
    write_face(tree / "train" / "sad" / "locked" / "c.png", 51)
    (tree / "train" / "sad" / "locked").chmod(0)
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is for its user alone
        Path(folder).chmod(0o755)
        faces = shutil.move(tree, folder)
        command = [sys.executable, "-c", _READ_AS_NOBODY, faces]
        done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.stdout == (
        "left out 2 images of the train split: train/happy/b.png cannot be read (Permission denied); "
        "train/sad/locked cannot be read (Permission denied)\n"
    ), done.stderr


def test_zip_with_backslashes_is_read_like_its_folder(tree: Path) -> None:
    packed = load_dataset(str(zip_folder(tree, lambda name: name.replace("/", "\\"))))
    unpacked = load_dataset(str(tree))
    assert packed.train.names == unpacked.train.names
    assert packed.sha256() == unpacked.sha256()


def test_backslashes_do_not_lead_out_of_zip(tree: Path) -> None:
    with pytest.raises(DataError, match="a member outside itself"):
        load_dataset(str(zip_folder(tree, lambda name: "..\\" + name)))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_all_compressions_of_python_are_read(tree: Path, compression: int) -> None:
    assert len(load_dataset(str(zip_folder(tree, compression=compression))).train) == 7


def compress_otherwise(path: Path, method: int, member: bytes | None = None) -> None:
    """Write another compression method into the headers of one member of a zip, or of all."""
    content = bytearray(path.read_bytes())
    for signature, method_at, name_at in ((b"PK\x03\x04", 8, 30), (b"PK\x01\x02", 10, 46)):
        start = 0
        while (start := content.find(signature, start)) >= 0:
            if member is None or content.startswith(member, start + name_at):
                struct.pack_into("<H", content, start + method_at, method)
            start += 4
    path.write_bytes(content)


@pytest.mark.parametrize(("method", "name"), [(9, "Deflate64"), (95, "XZ"), (77, "method 77")])
def test_unsupported_compression_is_an_error_if_no_member_can_be_read(tree: Path, method: int, name: str) -> None:
    path = zip_folder(tree)
    compress_otherwise(path, method)
    reason = f"train/angry/a.png is compressed with {name}, which Python cannot read; unpack the zip with 7-Zip"
    with pytest.raises(DataError, match=f"nothing in it can be read: {reason}"):
        load_dataset(str(path))


def test_member_of_unsupported_compression_is_counted_and_named(tree: Path, write_face: WriteFace) -> None:
    write_face(tree / "train" / "happy" / "b.png", 50)
    path = zip_folder(tree)
    compress_otherwise(path, 9, b"train/happy/b.png")
    dataset = load_dataset(str(path))
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})
    assert "train/happy/b.png is compressed with Deflate64" in dataset.notes[0]


def test_last_member_of_a_name_counts(tree: Path, tmp_path: Path, write_face: WriteFace) -> None:
    path = zip_folder(tree)
    write_face(tmp_path / "other.png", 50)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.write(tmp_path / "other.png", "train/happy/a.png")
    dataset = load_dataset(str(path))
    happy = dataset.train.images[dataset.train.labels.tolist().index(3)]
    assert np.array_equal(happy, np.random.default_rng(50).integers(0, 256, (48, 48), np.uint8))
    assert "train/happy/a.png is replaced by a later member of the same name" in dataset.notes[0]


def test_unnamed_members_and_links_in_zip_are_named(tree: Path) -> None:
    path = zip_folder(tree)
    with zipfile.ZipFile(path, "a") as archive:
        archive.open(zipfile.ZipInfo(""), "w").close()
        link = zipfile.ZipInfo("train/happy/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "../sad/a.png")
    notes = load_dataset(str(path)).notes
    assert notes[0] == "left out (unnamed), which is a zip member without a name"
    assert "train/happy/link.png is a symbolic link, which leads nowhere in a zip" in notes[1]


@pytest.mark.parametrize("name", ["x\n.png", "\x1b[2J.png", "\u202egnp.exe"])
def test_names_are_printable(tree: Path, tmp_path: Path, write_face: WriteFace, name: str) -> None:
    write_face(tmp_path / "b.png", 50)
    (tmp_path / "b.png").rename(tree / "train" / "happy" / name)
    (tree / "train" / "sad" / name).write_bytes(b"")
    dataset = load_dataset(str(tree))
    for text in (*dataset.train.names, *dataset.notes):
        assert text.isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_file_with_non_utf8_name_is_read(tree: Path) -> None:
    happy = tree / "train" / "happy"
    (happy / "a.png").rename(happy / os.fsdecode(b"\xff.png"))
    assert r"train/happy/\xff.png" in load_dataset(str(tree)).train.names


@pytest.mark.parametrize("name", ["../evil.png", "train/happy/../../../evil.png", "/etc/evil.png"])
def test_zip_with_member_outside_itself_is_rejected(tree: Path, name: str) -> None:
    path = zip_folder(tree)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(DataError, match=f"a member outside itself: {name}"):
        load_dataset(str(path))


def test_encrypted_zip_is_rejected(tree: Path) -> None:
    path = zip_folder(tree)
    content = bytearray(path.read_bytes())
    central = content.rindex(b"PK\x01\x02")
    content[central + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="is encrypted"):
        load_dataset(str(path))


def test_member_that_unpacks_to_100_mb_is_left_out_unread(tree: Path) -> None:
    path = zip_folder(tree)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("train/happy/bomb.png", "w") as member,
    ):
        for _ in range(100):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    tracemalloc.start()
    dataset = load_dataset(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.TOO_LARGE: 1})
    assert dataset.notes == ("left out 1 image of the train split: train/happy/bomb.png has more than 4 MiB",)
    assert peak < 32 * 2**20


@pytest.mark.parametrize(("name", "limit"), [("MAX_ARCHIVE_BYTES", 1000), ("MAX_ARCHIVE_FILES", 13)])
def test_zip_that_unpacks_to_too_much_is_rejected(
    tree: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(listing, name, limit)
    with pytest.raises(DataError, match="unpacks to more than"):
        load_dataset(str(zip_folder(tree)))


def test_damaged_member_is_counted(tree: Path) -> None:
    write_image(tree / "train" / "happy" / "z.png", noise(80))
    path = zip_folder(tree)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("train/happy/z.png")
    content[member.header_offset + 30 + len(member.filename)] = 0xFF  # a block type that does not exist
    path.write_bytes(content)
    dataset = load_dataset(str(path))
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})
    assert dataset.examples[ImageFault.UNREADABLE] == ["train/happy/z.png"]


@pytest.mark.parametrize("inside", ["", "train", "train/other", "a/b/c"])
def test_a_folder_with_too_much_outside_of_classes_is_refused(
    tree: Path, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.dataset.listing._MAX_STRAYS", 30)
    (tree / inside).mkdir(parents=True, exist_ok=True)
    for number in range(31):
        (tree / inside / f"{number}.txt").touch()
    with pytest.raises(DataError, match=r"faces: expected a data set's own folder, .* 30 files .*; give the folder"):
        load_dataset(str(tree))


def test_any_number_of_files_in_class_folders_is_read(
    tree: Path, write_face: WriteFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.dataset.listing._MAX_STRAYS", 10)
    for seed in range(20):
        write_face(tree / "train" / "Happy" / "subject1" / f"{seed}.png", 50 + seed)
    assert len(load_dataset(str(tree)).train) == 27


def test_a_folder_with_too_many_files_of_classes_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.dataset.listing.MAX_ARCHIVE_FILES", 20)
    with pytest.raises(DataError, match="expected at most 20 files, got more"):
        load_dataset(str(tree))


def test_folders_that_lie_too_deep_are_named(tree: Path) -> None:
    (tree / Path(*["a"] * 40)).mkdir(parents=True)
    (note,) = load_dataset(str(tree)).notes
    assert note.endswith("/a, which lies more than 32 folders deep")
