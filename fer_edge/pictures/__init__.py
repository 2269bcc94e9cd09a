"""Picture files: size before decoding, orientation, decoding; and the orientation of films."""
