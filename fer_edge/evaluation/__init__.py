"""Quality of scores: over all, for groups of images, and on faces that were made harder to read."""
