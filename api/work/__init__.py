"""The work that goes on without anybody asking: reception, feed, reactions, replay."""
