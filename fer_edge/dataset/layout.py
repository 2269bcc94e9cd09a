"""Layout of the split and class folders in a folder or zip of labelled faces. No TensorFlow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath

from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice, class_name
from fer_edge.dataset.class_folders import find_classes, find_lone_classes, is_picture, split_of
from fer_edge.dataset.data import SplitName
from fer_edge.dataset.listing import Listing, RawFile
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.names import printable, some

_Root = tuple[str, ...]
"""Folders above the split folders."""


@dataclass(frozen=True)
class Layout:
    """Place of the split folders.

    Attributes:
        source: Name of the folder or zip, for errors.
        root: Folders above the split folders.
        copies: Other folders with split folders, each a copy of `root` or of a part of it.
        classes: Names of the classes, in the order of the labels.
        has_splits: Whether there are split folders; without them, all images are training images.
    """

    source: str
    root: _Root
    copies: tuple[_Root, ...] = ()
    classes: tuple[str, ...] = EXPRESSIONS
    has_splits: bool = True

    def place(self, path: PurePosixPath) -> tuple[SplitName, int] | None:
        """Return the split and label of a file at any depth below a class folder; None if it lies in no class folder.

        Raises:
            DataError: If another class or split folder lies within it.
        """
        within = self._within(path)
        depth = self._class_depth
        if len(within) < depth + 2 or not self._is_class_folder(within):
            return None
        for inner, part in enumerate(within[depth + 1 : -1], start=depth + 2):
            if split_of(part) or class_name(part) in self.classes:
                raise DataError(
                    f"{self.source}: {_name(self._below(within[:inner]))} is named like a class or split but lies in "
                    f"the class folder {_name(self._below(within[: depth + 1]))}; move or rename it"
                )
        return self._place(within)

    def place_unreadable(self, path: PurePosixPath) -> tuple[SplitName, int] | None:
        """Return split and label of an unreadable class folder or of an unreadable entry in one; None for others."""
        within = self._within(path)
        return self._place(within) if self._is_class_folder(within) else None

    def class_folders(self, paths: Iterable[PurePosixPath]) -> Iterator[tuple[SplitName, PurePosixPath]]:
        """Yield split and path of the class folder of each path that lies in a split, without repetition."""
        seen = set()
        for path in paths:
            within = self._within(path)[: self._class_depth + 1]
            split = SplitName.TRAIN if not self.has_splits else split_of(within[0]) if within else None
            if split is not None and len(within) > self._class_depth and within not in seen:
                seen.add(within)
                yield split, self._below(within)

    def sources(self, listing: Listing) -> dict[str, tuple[str, ...]]:
        """Return the class folders of each class as they are spelled, once each."""
        found: dict[str, list[str]] = {name: [] for name in self.classes}
        for _, folder in self.class_folders(_paths(listing.files)):
            names = found.get(class_name(folder.name))
            if names is not None and folder.name not in names:
                names.append(folder.name)
        return {name: tuple(folders) for name, folders in found.items()}

    @property
    def _class_depth(self) -> int:
        """Number of folders between the root and a class folder."""
        return 1 if self.has_splits else 0

    def _below(self, within: tuple[str, ...]) -> PurePosixPath:
        return PurePosixPath(*self.root, *within)

    def _is_class_folder(self, within: tuple[str, ...]) -> bool:
        """Return whether a path below the root begins with a class folder."""
        depth = self._class_depth
        in_split = not self.has_splits or bool(within and split_of(within[0]))
        return in_split and len(within) > depth and class_name(within[depth]) in self.classes

    def _place(self, within: tuple[str, ...]) -> tuple[SplitName, int]:
        split = split_of(within[0]) if self.has_splits else None
        return split or SplitName.TRAIN, self.classes.index(class_name(within[self._class_depth]))

    def require_filled(self, listing: Listing, filled: Collection[SplitName]) -> None:
        """Check that `train` and `validation`, if there, have files: `test` must not replace one unnoticed.

        Args:
            listing: Content of the folder or zip.
            filled: Splits that have files, usable or not.

        Raises:
            DataError: If one of the folders has none.
        """
        for path in (*(entry.path for entry in listing.unreadable), *listing.folders, *_paths(listing.files)):
            within = self._within(path)
            split = split_of(within[0]) if len(within) == 1 and self.has_splits else None
            if split in (SplitName.TRAIN, SplitName.VALIDATION) and split not in filled:
                raise DataError(
                    f"{self.source}: {_name(path)} {_why_empty(path, listing)}; expected "
                    f"{_name(path)}/<expression>/ with pictures. Fill it, or remove it"
                )

    def notes(self, listing: Listing) -> tuple[str, ...]:
        """Return notes on the files that are left out, apart from unreadable ones in class folders."""
        left = [file.path for file in listing.files if self.place(file.path) is None]
        notes = []
        for copy in self.copies:
            copied = [path for path in left if _starts_with(path, copy)]
            left = [path for path in left if not _starts_with(path, copy)]
            notes.append(f"left out {_shown(copy)} ({_count(copied)}): a second copy beside {_shown(self.root)}")
        if left:
            notes.append(f"left out {_count(left)} outside the class folders: {some([_name(path) for path in left])}")
        unreadable = [entry for entry in listing.unreadable if self.place_unreadable(entry.path) is None]
        if unreadable:
            notes.append(
                f"left out {some([f'{_name(entry.path)}, which {entry.reason}' for entry in unreadable], '; ')}"
            )
        if listing.system_files:
            names = some([_name(path) for path in listing.system_files])
            notes.append(f"left out {_count(listing.system_files)} hidden or of an operating system: {names}")
        return tuple(notes)

    def _within(self, path: PurePosixPath) -> tuple[str, ...]:
        """Return the parts of `path` below the root; none if it lies elsewhere."""
        return path.parts[len(self.root) :] if _starts_with(path, self.root) else ()


def is_of_class(path: PurePosixPath) -> bool:
    """Return whether a path lies in an expression's folder, or is a picture in another folder, of any split."""
    folders = list(pairwise(path.parts))
    if any(split_of(outer) and _is_expression(inner) for outer, inner in folders):
        return True
    return is_picture(path) and any(split_of(outer) for outer, _ in folders[:-1])


def find_layout(source: str, listing: Listing, choice: ClassChoice = ALL_CLASSES) -> Layout:
    """Find the folder that holds the split folders, and the classes in them.

    It is the shallowest one, as Kaggle's zip has a copy of itself deeper. Without split folders, it is the folder that
    holds the class folders.

    Args:
        source: Name of the folder or zip, for errors.
        listing: Its content.
        choice: Classes that the user named.

    Raises:
        DataError: If there is none, or several that are no copies of each other, or a class folder is likely misspelt.
    """
    layout = _find_root(source, listing)
    folders = layout.class_folders([file.path for file in listing.files if _depth(layout, file.path) > 1])
    unreadable = layout.class_folders(entry.path for entry in listing.unreadable)
    return replace(layout, classes=tuple(find_classes(source, [*folders, *unreadable], choice)))


def _depth(layout: Layout, path: PurePosixPath) -> int:
    """Return the number of path parts from the class folder on."""
    return len(path.parts) - len(layout.root) - (1 if layout.has_splits else 0)


def _find_root(source: str, listing: Listing) -> Layout:
    files: dict[_Root, list[RawFile]] = {}
    for file in listing.files:
        root = _root(file.path)
        if root is not None:
            files.setdefault(root, []).append(file)
    files = {root: members for root, members in files.items() if _has_classes(root, members)} or files
    if not files:
        lone = find_lone_classes(_paths(listing.files))
        if lone is None:
            raise DataError(_nothing_found(source, listing))
        return Layout(source, lone, has_splits=False)
    root, *others = sorted(files, key=lambda root: (not _is_whole(root, files[root]), len(root), root))
    copies = [other for other in others if _is_copy(files[other], other, files[root], root)]
    for other in others:
        if other not in copies and _is_whole(root, files[root]) == _is_whole(other, files[other]):
            raise DataError(_two_found(source, root, other, whole=_is_whole(root, files[root])))
    return Layout(source, root, tuple(copies))


def _two_found(source: str, root: _Root, other: _Root, *, whole: bool) -> str:
    both = f"{_shown(root)} and in {_shown(other)}"
    if whole:
        return (
            f"{source} holds two data sets, in {both}, which are no copies of each other; give one of these folders "
            "(unpack a zip first)"
        )
    return f"{source} has its split folders in {both}; expected train/ and validation/ side by side in one folder"


def _root(path: PurePosixPath) -> _Root | None:
    """Return the folders above a file's split folder, preferably one that is followed by an expression's folder."""
    parts = path.parts
    for place in range(len(parts) - 2):
        if split_of(parts[place]) and _is_expression(parts[place + 1]):
            return parts[:place]
    return next((parts[:place] for place in range(len(parts) - 2) if split_of(parts[place])), None)


def _has_classes(root: _Root, files: Iterable[RawFile]) -> bool:
    return any(_is_expression(file.path.parts[len(root) + 1]) for file in files)


def _is_whole(root: _Root, files: Iterable[RawFile]) -> bool:
    """Return whether there are a training split and another one."""
    splits = {split_of(file.path.parts[len(root)]) for file in files}
    return SplitName.TRAIN in splits and len(splits) > 1


def _is_copy(files: Sequence[RawFile], root: _Root, originals: Sequence[RawFile], original_root: _Root) -> bool:
    """Return whether each of `files` has the content of the file of its name among `originals`."""
    by_name = {file.path.parts[len(original_root) :]: file for file in originals}
    pairs = [(file, by_name.get(file.path.parts[len(root) :])) for file in files]
    if any(original is None or original.size != file.size for file, original in pairs):
        return False
    try:
        return all(original is not None and original.checksum() == file.checksum() for file, original in pairs)
    except OSError:
        return False


def _nothing_found(source: str, listing: Listing) -> str:
    """Return a message that says what was expected and the likely mistake."""
    names = sorted(_name(file.path) for file in listing.files)
    packed = [name for name in names if name.lower().endswith((".zip", ".csv", ".gz", ".tar", ".7z", ".rar"))]
    classes = [
        path for path in listing.folders + tuple(f.path.parent for f in listing.files) if _is_expression(path.name)
    ]
    expected = (
        f"{source} has no train/<expression>/ and validation/<expression>/ folders, at its top or deeper, nor folders "
        "of two or more classes with two or more pictures each"
    )
    if listing.unreadable:
        first = f"{_name(listing.unreadable[0].path)} {listing.unreadable[0].reason}"
        return f"{expected}; {first}" if names else f"{source}: nothing in it can be read: {first}"
    if classes:
        return f"{expected}; {_name(classes[0])} lies in neither: move the class folders into train/ and validation/"
    if packed:
        return f"{expected}; it holds {some(packed)}: unpack it, and give what is in it"
    return f"{expected}; it holds {some(names) or 'no files'}"


def _why_empty(path: PurePosixPath, listing: Listing) -> str:
    for entry in listing.unreadable:
        if entry.path == path:
            return entry.reason
    return "is a file" if path in _paths(listing.files) else "holds no pictures in class folders"


def _paths(files: Iterable[RawFile]) -> list[PurePosixPath]:
    return [file.path for file in files]


def _starts_with(path: PurePosixPath, root: _Root) -> bool:
    return path.parts[: len(root)] == root


def _is_expression(folder: str) -> bool:
    return class_name(folder) in EXPRESSIONS


def _name(path: PurePosixPath) -> str:
    return printable(str(path))


def _shown(root: _Root) -> str:
    return printable("/".join(root) or ".")


def _count(paths: Sequence[PurePosixPath]) -> str:
    return f"{len(paths):,} file{'' if len(paths) == 1 else 's'}"
