"""Network architectures, their pretrained weights and their files."""
