"""How strangers become buyers who tell their friends: contacts and what they agreed to, what they did and how
far they came by it, the campaigns that brought them, the plans by which they are written to."""
