"""Training: labelled faces in, a Keras model and its card out."""
