"""BPMN files: read safely, in our words, and as definitions."""
