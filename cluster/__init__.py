"""Create and check the kind cluster that the book's labs run on."""
