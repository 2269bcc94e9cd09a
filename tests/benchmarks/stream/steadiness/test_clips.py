from __future__ import annotations

import cv2
import numpy as np

from benchmarks.stream.steadiness.clips import CLIP_S, FPS, record_clips
from fer_edge.models import PORTRAIT_FILE


def test_crops_of_a_still_face_all_differ() -> None:
    portrait = cv2.imread(str(PORTRAIT_FILE), cv2.IMREAD_GRAYSCALE)
    assert portrait is not None
    smile = np.asarray(cv2.resize(portrait[62:180, 146:264], (48, 48), interpolation=cv2.INTER_AREA), np.uint8)
    done: list[None] = []
    seen, crops = record_clips(np.stack([np.full_like(smile, 128), smile]), on_done=lambda: done.append(None))
    assert seen.tolist() == [1]
    assert len(done) == 2
    assert crops.shape == (1, CLIP_S * FPS, 48, 48)
    assert np.abs(np.diff(crops[0].astype(int), axis=0)).any(axis=(1, 2)).all()
    likeness = [np.corrcoef(crop.ravel(), smile.ravel())[0, 1] for crop in crops[0]]
    assert min(likeness) > 0.5


def test_no_face_gives_no_clip() -> None:
    seen, crops = record_clips(np.zeros((1, 48, 48), np.uint8))
    assert (len(seen), len(crops)) == (0, 0)
