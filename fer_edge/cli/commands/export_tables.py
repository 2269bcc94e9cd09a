"""Tables of `fer-edge export`: verified files, candidates of `--auto`, layers."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from export.auto import Trial, Tried
from export.exporter import Exported
from export.layer_errors import LayerError
from fer_edge.terminal.tables import make_table

_NOTHING = "-"


def verification_table(results: list[Exported], title: str) -> Table:
    """Return each file's results beside its parent's."""
    table = make_table(
        title,
        ["file"],
        ["bytes", "accuracy", "loss, points", "agreement", "KL, nats", "worst recall loss", "verification"],
    )
    for result in results:
        parity = result.parity
        table.add_row(
            result.path.name if result.path else f"{result.target.precision.value} {result.target.format.value}",
            f"{result.bytes:,}",
            f"{result.evaluation.accuracy:.2%}",
            f"{100 * parity.accuracy_drop:+.2f}",
            f"{parity.agreement:.2%}",
            f"{parity.kl_divergence:.5f}",
            f"{100 * parity.worst_recall_drop:+.1f} {parity.worst_recall_class}",
            _verdict(result),
        )
    return table


def layer_table(errors: list[LayerError]) -> Table:
    """Return the quantization error of each layer."""
    table = make_table(
        "error that int8 adds in each layer by itself, largest first",
        ["#", "layer", "operator"],
        ["scale", "error", "SNR, dB", "clipped"],
    )
    for error in errors:
        table.add_row(
            str(error.position),
            error.layer,
            error.kind,
            f"{error.scale:.3g}",
            f"{error.relative_error:.1%}",
            f"{error.snr_db:.1f}",
            f"{error.clipped:.3%}",
        )
    return table


def trial_table(trial: Trial, title: str) -> Table:
    """Return the results of `--auto` for each file, the chosen one in bold; ~ marks times of a few calls only."""
    names = ["bytes", "p50 ms", "p90 ms", "times as long", "accuracy", "agreement", "verification"]
    table = make_table(title, ["file"], names)
    fastest_ms = min(((one.timing.p50, one.look_ms) for one in trial.tried if one.timing and one.look_ms), default=None)
    for tried in trial.tried:
        is_kept = trial.choice is not None and trial.choice.name == tried.name
        table.add_row(
            tried.name,
            _NOTHING if tried.bytes is None else f"{tried.bytes:,}",
            *_times(tried, fastest_ms),
            *_verification(tried),
            style="bold" if is_kept else None,
        )
    return table


def _times(tried: Tried, fastest_ms: tuple[float, float] | None) -> tuple[str, str, str]:
    """Return the median and p90, and the median over that of the fastest file.

    Args:
        tried: The file.
        fastest_ms: The fastest file's median of all its calls, and of its first few.
    """
    if tried.look_ms is None:
        return (_NOTHING,) * 3
    if tried.timing is None or fastest_ms is None:
        slower = f"~{tried.look_ms / fastest_ms[1]:.1f}" if fastest_ms else _NOTHING
        return f"~{tried.look_ms:.3f}", _NOTHING, slower
    p90 = _NOTHING if tried.timing.p90 is None else f"{tried.timing.p90:.3f}"
    return f"{tried.timing.p50:.3f}", p90, f"{tried.timing.p50 / fastest_ms[0]:.2f}"


def _verification(tried: Tried) -> tuple[str, str, Text]:
    """Return accuracy, agreement, and the verdict."""
    if tried.refusal is not None:
        return _NOTHING, _NOTHING, Text("cannot be run", style="red")
    if tried.exported is None:
        return _NOTHING, _NOTHING, Text("not verified")
    exported = tried.exported
    return f"{exported.evaluation.accuracy:.2%}", f"{exported.parity.agreement:.2%}", _verdict(exported)


def _verdict(exported: Exported) -> Text:
    return Text("failed", style="red") if exported.faults else Text("passed", style="green")
