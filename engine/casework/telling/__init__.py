"""Telling people: notifications, the ladder of reminders, and the outbox that carries them."""
