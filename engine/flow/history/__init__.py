"""What has happened to a case, and how it is read again."""
