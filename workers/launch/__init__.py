"""Starting, watching and stopping every process of an installation."""
