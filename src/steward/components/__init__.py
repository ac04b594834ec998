"""The programs that clusters are made of: what they are, where they come from, and the images made of them."""
