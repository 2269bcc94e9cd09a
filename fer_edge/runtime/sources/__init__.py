"""Sources of frames: cameras, streams, recordings and images."""
