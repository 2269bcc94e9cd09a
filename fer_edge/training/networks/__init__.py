"""The networks that can be trained, and the Keras files that hold them."""
