"""What can be asked: one file a question, with its tables, how events fill them, how they are read."""
