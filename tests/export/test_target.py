from __future__ import annotations

import pytest

from export.target import Format, targets
from fer_edge.errors import InputError
from fer_edge.precision import EXPORTABLE, Precision


@pytest.mark.parametrize(
    ("precisions", "formats", "expected"),
    [
        ([], [Format.TFLITE], []),
        ([Precision.INT8], list(Format), ["m_int8.tflite", "m_int8.onnx"]),
        ([Precision.FP16], list(Format), ["m_fp16.tflite"]),
        ([Precision.FP32, Precision.INT16X8], [Format.TFLITE], ["m_fp32.tflite", "m_int16x8.tflite"]),
        (
            list(EXPORTABLE),
            list(Format),
            [
                "m_fp32.tflite",
                "m_fp32.onnx",
                "m_fp16.tflite",
                "m_dynamic.tflite",
                "m_int8.tflite",
                "m_int8.onnx",
                "m_int16x8.tflite",
            ],
        ),
    ],
)
def test_targets(precisions: list[Precision], formats: list[Format], expected: list[str]) -> None:
    assert [target.file_name("m") for target in targets(precisions, formats)] == expected


def test_onnx_rejects_unsupported_precision() -> None:
    with pytest.raises(InputError, match="ONNX is written in fp32, int8; fp16 needs the format tflite"):
        targets([Precision.FP16], [Format.ONNX])
