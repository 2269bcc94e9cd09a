"""Conversion of one network to the content of each file; what several files need is computed once."""

from __future__ import annotations

from functools import cached_property

import keras

from export.blocking_layer import find_blocking_layer
from export.calibration import CalibrationSet
from export.clipping import clip_activations
from export.folding import fold
from export.onnx import convert_to_onnx
from export.preparation import prepare_for_integers
from export.rounding import INT7_LARGEST, INT8_LARGEST
from export.target import Format, Target
from export.tflite import convert_to_tflite
from fer_edge.errors import FerEdgeError
from fer_edge.precision import Precision
from fer_edge.training.networks.keras_file import KerasClassifier


class Conversion:
    """Converts one network."""

    def __init__(self, parent: KerasClassifier, calibration: CalibrationSet, *, float_io: bool) -> None:
        """Take the network.

        Args:
            parent: The network.
            calibration: Images that activation ranges are measured on.
            float_io: Keep float32 at the edges of an int8 TFLite file.
        """
        self._parent = parent
        self._model = parent.model
        self._calibration = calibration
        self._float_io = float_io

    def convert(self, target: Target) -> bytes:
        """Return a file's content, without a card.

        Raises:
            FerEdgeError: If the network cannot be converted; for one of another project, with the layer that stops it.
        """
        try:
            return self._convert(target)
        except FerEdgeError as error:
            if self._parent.known:
                raise
            layer = find_blocking_layer(self._model, lambda part: self._convert_part(part, target))
            if layer is None:
                raise
            raise FerEdgeError(f"{self._parent.path}: its layer {layer} stops the conversion: {error}") from error

    @cached_property
    def _folded(self) -> keras.Model:
        return fold(self._model)

    @cached_property
    def _prepared_for_tflite(self) -> keras.Model:
        return prepare_for_integers(self._model, self._calibration.inputs(), INT8_LARGEST)

    @cached_property
    def _prepared_for_onnx(self) -> keras.Model:
        return prepare_for_integers(self._model, self._calibration.inputs(), INT7_LARGEST)

    def _ready(self, target: Target) -> keras.Model:
        """Return the network that this file is converted from; a SavedModel's graph stays as it is."""
        if any(isinstance(layer, keras.layers.TFSMLayer) for layer in self._model.layers):
            return self._model
        if not target.precision.needs_calibration:
            return self._folded
        if target.format is Format.ONNX:
            return self._prepared_for_onnx
        if target.precision is Precision.INT8:
            return clip_activations(self._prepared_for_tflite, self._calibration.inputs())
        return self._prepared_for_tflite

    def _convert_part(self, part: keras.Model, target: Target) -> bytes:
        """Convert a part of the network, from its input on."""
        if target.format is Format.ONNX:
            return convert_to_onnx(part, Precision.FP32)
        precision, calibration = target.precision, self._calibration
        return convert_to_tflite(part, precision, calibration=calibration if precision.needs_calibration else None)

    def _convert(self, target: Target) -> bytes:
        model, precision = self._ready(target), target.precision
        calibration = self._calibration if precision.needs_calibration else None
        if target.format is Format.ONNX:
            return convert_to_onnx(model, precision, calibration=calibration)
        return convert_to_tflite(model, precision, calibration=calibration, float_io=self._float_io)
