"""What was paid is given: waiting → allocated → rendered → sent → confirmed, each step lasting on its own."""
