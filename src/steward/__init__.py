"""steward: a managed-Kubernetes service whose responsibility model is executable."""

__version__ = "0.1.0"
