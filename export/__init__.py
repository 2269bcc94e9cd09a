"""Export: a trained Keras model in, TFLite and ONNX files out, each proven against its parent."""
