"""Check of a folder of pictures: classes, near-copies, pictures without a face, framing beside the network's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import log

from fer_edge.collection.folders import ClassFolder
from fer_edge.collection.framing import CropMeasurement, place_in_image, summarize_places
from fer_edge.dataset.data import SplitName
from fer_edge.dataset.near_copies import near_copies
from fer_edge.preprocess import CropSpec, Image
from fer_edge.progress import OnProgress, ignore_progress
from fer_edge.runtime.faces.detector import Face

SCALE_TOLERANCE = 1.12
"""Largest ratio of the pictures' median framing to the network's at which they count as alike; the quartiles of
FER2013's own pictures are a factor of 1.10 away from their median."""
SHIFT_TOLERANCE = 0.06
"""Largest difference of the median shift at which they count as alike; FER2013's quartiles are 0.03 away."""

_FEW = 50
"""Number of pictures of a class below which a network learns it badly."""
_MANY_WITHOUT_FACE = 0.1


@dataclass(frozen=True)
class FolderCheck:
    """Findings in a folder of pictures.

    Attributes:
        counts: Pictures by class and split; the split is `None` without split folders.
        unreadable: Sentences on files that cannot be used.
        copies_within: Pairs of near-copies in one split, or anywhere without splits, by their places.
        copies_across: Pairs of near-copies in different splits.
        copies_of_classes: Pairs of near-copies in different classes: one of the labels is wrong.
        not_square: Places of pictures whose sides differ, which are distorted to a square.
        without_face: Places of pictures in which the detector finds no face.
        framing: Place of the faces; `None` if none was found.
        crop: The network's framing.
    """

    counts: Counter[tuple[str, SplitName | None]]
    unreadable: tuple[str, ...]
    copies_within: tuple[tuple[str, str], ...]
    copies_across: tuple[tuple[str, str], ...]
    copies_of_classes: tuple[tuple[str, str], ...]
    not_square: tuple[str, ...]
    without_face: tuple[str, ...]
    framing: CropMeasurement | None
    crop: CropSpec

    @property
    def pictures(self) -> int:
        """Number of pictures."""
        return self.counts.total()

    @property
    def framing_ratio(self) -> float | None:
        """Median side of the pictures over the network's crop of the same faces; above 1 the faces are smaller."""
        return None if self.framing is None else self.framing.scale_quartiles[1] / self.crop.scale

    @property
    def framing_shift(self) -> float | None:
        """Median distance of the pictures' centre below that of the network's crop, in sides of the picture."""
        return None if self.framing is None else self.framing.shift_y_quartiles[1] - self.crop.shift_y

    def advice(self) -> Iterator[str]:
        """Yield a sentence of advice for each fault."""
        by_class = Counter[str]()
        for (label, _), count in self.counts.items():
            by_class[label] += count
        if few := [f"{label} ({count})" for label, count in sorted(by_class.items()) if count < _FEW]:
            yield f"few pictures of {', '.join(few)}: collect {_FEW} or more of each class"
        if self.copies_across:
            yield "near-copies in different splits make results look better: fer-edge data split divides without them"
        if self.copies_of_classes:
            yield "near-copies in different classes: look at both and delete the wrong one"
        if self.without_face and len(self.without_face) > _MANY_WITHOUT_FACE * self.pictures:
            yield "many pictures without a detected face: look at them; whole scenes must be cropped first"
        if not self.is_framed_alike():
            yield (
                "framed unlike the network's crop: cut the faces out of the original pictures: "
                "fer-edge predict PICTURES --recursive --crops FACES"
            )

    def is_framed_alike(self) -> bool:
        """Return whether the pictures are framed like the network's own; true if no face was found."""
        ratio, shift = self.framing_ratio, self.framing_shift
        if ratio is None or shift is None:
            return True
        return abs(log(ratio)) <= log(SCALE_TOLERANCE) and abs(shift) <= SHIFT_TOLERANCE


def check_folder(
    folder: ClassFolder,
    crop: CropSpec,
    detect: Callable[[Image], list[Face]],
    on_progress: OnProgress = ignore_progress,
) -> FolderCheck:
    """Check a folder of pictures.

    Args:
        folder: The pictures.
        crop: Framing that the network expects.
        detect: Detects faces, such as `FaceDetector(stills=True).detect`.
        on_progress: Called with the number of pictures in which faces were looked for.
    """
    pictures = folder.pictures
    places = []
    for number, picture in enumerate(pictures, start=1):
        places.append(place_in_image(picture.read(), detect))
        on_progress(number)
    pairs = [(pictures[i], pictures[j]) for i, j in near_copies(folder.faces).tolist()]
    named = {(a, b): (str(a.place), str(b.place)) for a, b in pairs}
    return FolderCheck(
        counts=folder.counts(),
        unreadable=folder.unreadable,
        copies_within=tuple(named[a, b] for a, b in pairs if a.split == b.split),
        copies_across=tuple(named[a, b] for a, b in pairs if a.split != b.split),
        copies_of_classes=tuple(named[a, b] for a, b in pairs if a.label != b.label),
        not_square=tuple(str(each.place) for each in pictures if each.size_wh[0] != each.size_wh[1]),
        without_face=tuple(str(each.place) for each, at in zip(pictures, places, strict=True) if at is None),
        framing=summarize_places(places) if any(places) else None,
        crop=crop,
    )


def as_facts(check: FolderCheck) -> Mapping[str, object]:
    """Return what was found for JSON."""
    classes: dict[str, dict[str, int]] = {}
    for (label, split), count in sorted(check.counts.items(), key=str):
        classes.setdefault(label, {})["all" if split is None else split.value] = count
    framing = check.framing
    return {
        "pictures": check.pictures,
        "classes": classes,
        "unreadable": list(check.unreadable),
        "near_copies": {
            "within": check.copies_within,
            "across_splits": check.copies_across,
            "across_classes": check.copies_of_classes,
        },
        "not_square": list(check.not_square),
        "without_face": list(check.without_face),
        "framing": None
        if framing is None
        else {
            "scale_quartiles": framing.scale_quartiles,
            "shift_y_quartiles": framing.shift_y_quartiles,
            "network": {"scale": check.crop.scale, "shift_y": check.crop.shift_y},
            "ratio": check.framing_ratio,
            "shift": check.framing_shift,
        },
        "advice": list(check.advice()),
    }
