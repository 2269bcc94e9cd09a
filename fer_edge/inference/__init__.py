"""A model file, its card and its interpreter. No TensorFlow."""
