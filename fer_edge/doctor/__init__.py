"""Checks of a device, each with what to do about a fault."""
