"""One's own pictures of faces: collecting, checking and splitting them."""
