"""The faces in a frame: detector, tracker, motion, smoothed scores and the schedule of detection."""
