"""What `make check` leaves to `make test`: it ends within two minutes on two cores."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent

# Modules that compute for some seconds: hours of virtual time, hundreds of services, thousands of examples.
LONG = {
    "api": (
        "bad_input cluster_changes console_safety description foreigners kept_answers ledgers lists logs oauth2 people "
        "private_networks renewals reports tokens validation_page"
    ),
    "storage": "kept",
    "unit/reconcile": (
        "access_lives accesses audit_lives audits bad_days cluster_changes crashes ledger_damage ledgers log_lives "
        "logs notices outbox_lives permits private_networks probes quotas random_lives renewals restrictions rollouts "
        "scenarios"
    ),
    "unit/responsibility": "grants",
    "unit/runtimes/simulated": "worlds",
}
_LONG = {ROOT / folder / f"test_{name}.py" for folder, names in LONG.items() for name in names.split()}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before anything is selected by its marks."""
    missing = [path for path in _LONG if not path.exists()]
    assert not missing, missing
    for item in items:
        if item.path in _LONG:
            item.add_marker(pytest.mark.long)
            item.add_marker(pytest.mark.disable_socket)
