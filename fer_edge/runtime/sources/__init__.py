"""Where frames come from: cameras, streams, recordings and images."""
