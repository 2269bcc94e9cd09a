"""Faces in a stream: detector, tracker, motion, smoothed scores, events and the schedule of detection."""
