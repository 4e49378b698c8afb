"""What people decide about bots: configuration and desired status."""
