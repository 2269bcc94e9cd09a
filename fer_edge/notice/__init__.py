"""A notice for the door: what the camera does, for the people that it sees."""
