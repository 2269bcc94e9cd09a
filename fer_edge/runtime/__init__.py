"""The stream on the device: from a camera's frames to expressions. No TensorFlow."""
