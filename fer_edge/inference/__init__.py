"""Model files: card, interpreter and classifier. No TensorFlow."""
