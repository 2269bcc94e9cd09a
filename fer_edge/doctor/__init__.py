"""What can be wrong with a device, each check with what to do about it."""
