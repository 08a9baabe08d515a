"""`shouwang bench`: what the system does in a second, and how long its pages take."""
