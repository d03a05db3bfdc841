"""skinkd-cli: the whole work without a window."""
