"""Who signs in: passwords, sessions, gates, and the administrators who look after accounts and roles."""
