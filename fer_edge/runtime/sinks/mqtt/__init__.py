"""Results as MQTT messages, and a camera's entities in Home Assistant."""
