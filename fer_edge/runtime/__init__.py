"""What runs on the device: a camera's frames in, expressions out. Never TensorFlow."""
