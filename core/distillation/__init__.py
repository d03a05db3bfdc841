"""What a student learns from a teacher: losses, stored knowledge, the order of images."""
