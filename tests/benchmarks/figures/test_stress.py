from __future__ import annotations

from pathlib import Path

import cv2

from benchmarks.figures.pages import fill
from benchmarks.figures.stress import stress_section
from fer_edge.evaluation.groups import make_rate
from fer_edge.evaluation.stress import StressAxis, StressResult, StressStep
from fer_edge.training.stress_plot import plot_stress


def result(lost: int) -> StressResult:
    """Accuracies that fall by `lost` points a step in the dark, and hold where it is bright."""
    darker, brighter = (
        tuple(StressStep(f"x{k}", make_rate(90 - loss * k, 100), 0.5) for k in range(1, 4)) for loss in (lost, 0)
    )
    unchanged = StressStep("unchanged", make_rate(90, 100), 0.5)
    axes = (StressAxis("darker", "gray levels times", darker), StressAxis("brighter", "gray levels times", brighter))
    return StressResult("label", unchanged, axes)


def test_section_names_first_losses_of_own_networks_only() -> None:
    section = stress_section({"own": result(6), "other 1.0": result(20)}, {"own": Path("own.tflite")}, "faces")
    assert "- **own**: darker x2 (78%); never at: brighter." in section
    assert "- **other 1.0**" not in section
    assert "|  | other 1.0 | 90.0% | x1: 70.0% | x2: 50.0% | x3: 30.0% |" in section
    page = fill("<!-- figures: stress -->\n<!-- end -->\n", {"stress": section})
    assert section in page


def test_chart_is_drawn(tmp_path: Path) -> None:
    plot_stress({"own": result(6), "other": result(20)}, tmp_path / "stress.png", title="faces")
    assert cv2.imread(str(tmp_path / "stress.png")) is not None
