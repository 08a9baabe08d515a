"""Lists that leave the system as Excel files: as they are filtered, streamed, logged (R41)."""
