"""Labelled faces in memory: folders, zips, fer2013.csv, people's votes, synthetic faces. No TensorFlow."""
