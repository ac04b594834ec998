"""The console: pages for people of both parties, made on the server, that work without JavaScript."""
