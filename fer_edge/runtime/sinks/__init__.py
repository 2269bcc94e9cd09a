"""Where results go: text, video, terminal, systemd, MQTT and the preview."""
