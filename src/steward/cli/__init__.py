"""The terminal: one file per noun, speaking to the API only, through `steward.client`."""
