"""Answers of OVHcloud's part as types: what the published description says, field by field.

Routes name one of them as `response_model`; what is sent is put together by `shapes` and is not run through them, so
that a read costs no more for being described. Tests hold every answer against them and against OVHcloud's own models
(`catalogue/ovh_models.yaml`). A class carries the model's name there as its title.
"""
