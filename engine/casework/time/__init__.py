"""What happens by itself: timers, schedules, and trying again what failed."""
