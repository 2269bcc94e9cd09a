"""Outputs of results: text, video, terminal, systemd, MQTT and the preview."""
