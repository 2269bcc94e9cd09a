"""A user's own pictures of faces: how they are collected, checked and split."""
