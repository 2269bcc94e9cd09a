"""Export of a trained Keras model to TFLite and ONNX files, each verified against it."""
