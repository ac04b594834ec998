"""Rows that are near to each other, told apart by what is asked for; each field of a change falls under exactly one.

Read by the generated page and by `tests/paper`, which compares the fields with the bodies that the API takes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """`fields` are OVHcloud's names in the change of a cluster or of a pool. Both are empty while the row waits."""

    activity: str
    asked: str
    operations: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


_POOL_FIELDS = (
    "desiredNodes",
    "minNodes",
    "maxNodes",
    "autoscale",
    "autoscaling",
    "attachFloatingIps",
    "template",
    "nodesToRemove",
)

# All of them change what was delivered.
CHANGES = (
    Twin(
        activity="2.1-2",
        asked="The cluster's name, and whatever of its configuration no other row names",
        operations=("cluster.rename", "cluster.customize", "contract.accept_for_cluster"),
        fields=("name", "customization"),
    ),
    Twin(
        activity="3.1.5-1",
        asked="Who may reach the API server, by source address",
        operations=("cluster.restrict",),
        fields=("ipRestrictions",),
    ),
    Twin(
        activity="3.1.5-2",
        asked="Which way packets take: the private network and its gateway",
        fields=("privateNetworkConfiguration",),
    ),
    Twin(
        activity="3.1.6-6",
        asked="When versions are applied: an update, the update policy, and patches by it",
        operations=("cluster.update", "cluster.update_policy", "cluster.patch_automatically"),
        fields=("updatePolicy",),
    ),
    Twin(
        activity="3.1.3-3",
        asked="How many nodes, which and of which kind, within the quota; by hand, or by autoscale",
        operations=("nodepool.create", "nodepool.edit", "nodepool.delete", "node.delete", "nodepool.autoscale"),
        fields=_POOL_FIELDS,
    ),
    Twin(
        activity="3.2.2-3",
        asked="More than the quota gives: nothing that one can take oneself",
        operations=("quota.request", "quota.withdraw"),
    ),
)

# The same calls of the same people; what tells them apart is whether the end of the service was begun.
EXPORTS = (
    Twin(activity="2.2-1", asked="Export and import while the cluster is in use"),
    Twin(activity="4.1-1", asked="Export and import once leaving was begun"),
)

# What each party does about who may act for it.
ACCESS = (
    Twin(activity="3.1.2-1", asked="The customer's people, credentials and webhooks"),
    Twin(activity="3.1.2-2", asked="The provider's people, and their way into anything of a customer's"),
    Twin(
        activity="3.1.2-3",
        asked="What is let into the cluster itself: kubeconfig, logins, and consent to the provider's people",
        operations=(
            *("cluster.kubeconfig", "cluster.reset_kubeconfig"),
            *("cluster.set_openid", "cluster.change_openid", "cluster.remove_openid"),
            *("access.approve", "access.deny", "access.end", "access.review"),
        ),
    ),
)

# One asks, the other one does it.
REQUESTS = (
    Twin(activity="3.1.3-3", asked="The customer takes more or fewer nodes"),
    Twin(activity="3.2.2-4", asked="The provider makes it so, and makes room for a customer"),
)

ALL = (*CHANGES, *EXPORTS, *ACCESS, *REQUESTS)


def row_of_field(field: str) -> str:
    """Of the change of a cluster or of a pool. KeyError on a field that no row names."""
    return {name: each.activity for each in CHANGES for name in each.fields}[field]
