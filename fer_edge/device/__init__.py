"""The board that fer-edge runs on, and fer-edge as its service. Nothing here needs TensorFlow."""
