"""The systemd unit that runs a stream at boot."""
