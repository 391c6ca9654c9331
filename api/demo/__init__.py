"""The sample company that shows at first sight what Carteggio does."""
