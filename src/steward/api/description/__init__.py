"""What the API says of itself: OpenAPI documents, and pages for people that are made of them."""
