"""Answers as OVHcloud's models have them: every field of each, in its form, `null` where nothing is known."""

import uuid
from datetime import datetime
from typing import Any

from steward.api.ovh import network_shapes
from steward.catalogue import loading
from steward.domain import clusters, customizations, flavors, networks, nodepools, nodes, openidconnects, projects
from steward.kit import times
from steward.operations import clusters as clusters_
from steward.operations import nodepools as nodepools_

Shape = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return None if at is None else times.rfc3339(at)


def cluster(view: clusters_.View, plan: networks.Plan) -> Shape:
    """`cloud.kube.Cluster`."""
    found = view.cluster
    network = plan.cluster(found.slot)
    standard = found.plan is clusters.Plan.STANDARD
    policy = {"podsIpv4Cidr": str(found.pods), "servicesIpv4Cidr": str(found.services)}
    return {
        "id": found.id,
        "region": found.region,
        "name": found.name,
        "url": network.served_at,
        "nodesUrl": nodes_host(view, network),
        "version": str(view.version),
        "nextUpgradeVersions": view.next_series,
        "plan": found.plan.value,
        "kubeProxyMode": found.proxy_mode.value,
        "customization": customizations.tree(found.customization),
        "status": clusters.status(found).value,
        "updatePolicy": found.update_policy.value,
        "isUpToDate": view.is_up_to_date,
        "controlPlaneIsUpToDate": view.control_plane_is_up_to_date,
        "auditLogsSubscribed": found.logs_subscribed,
        **network_shapes.membership(found),
        "ipAllocationPolicy": policy if standard else None,
        "createdAt": times.rfc3339(found.created_at),
        "updatedAt": times.rfc3339(found.updated_at),
    }


def openidconnect(found: openidconnects.OpenIdConnect) -> Shape:
    """`cloud.kube.OpenIdConnect`."""
    return {
        "issuerUrl": found.issuer_url,
        "clientId": found.client_id,
        "usernameClaim": found.username_claim,
        "usernamePrefix": found.username_prefix,
        "groupsClaim": list(found.groups_claim),
        "groupsPrefix": found.groups_prefix,
        "requiredClaim": list(found.required_claim),
        "signingAlgorithms": list(found.signing_algorithms),
        "caContent": found.authority,
    }


def nodes_host(view: clusters_.View, network: networks.ClusterNetwork) -> str:
    """Where NodePorts answer: the oldest node that is ready; before there is one, the nodes' gateway."""
    for each in view.members:
        if nodes.status(each) is nodes.Status.READY:
            return str(network.node_address(each.number))
    return str(network.gateway)


def nodepool(view: nodepools_.View) -> Shape:
    """`cloud.kube.NodePool`."""
    pool = view.pool
    standard = view.cluster.plan is clusters.Plan.STANDARD
    return {
        "id": pool.id,
        "projectId": view.cluster.project_id,
        "name": pool.name,
        "flavor": pool.flavor,
        "status": nodepools.status(pool).value,
        "sizeStatus": nodepools.size_status(pool, view.available).value,
        "autoscale": pool.autoscale,
        "monthlyBilled": pool.monthly_billed,
        "antiAffinity": pool.anti_affinity,
        "desiredNodes": pool.desired,
        "minNodes": pool.minimum,
        "maxNodes": pool.maximum,
        "currentNodes": view.current,
        "availableNodes": view.available,
        "upToDateNodes": view.up_to_date,
        "autoscaling": _autoscaling(pool.autoscaling),
        "template": _template(pool.template),
        "availabilityZones": list(pool.availability_zones),
        "attachFloatingIps": {"enabled": False} if standard else None,
        "createdAt": times.rfc3339(pool.created_at),
        "updatedAt": times.rfc3339(pool.updated_at),
    }


def _autoscaling(found: nodepools.Autoscaling) -> Shape:
    return {
        "scaleDownUnneededTimeSeconds": found.scale_down_unneeded_seconds,
        "scaleDownUnreadyTimeSeconds": found.scale_down_unready_seconds,
        "scaleDownUtilizationThreshold": found.scale_down_utilization,
    }


def _template(found: nodepools.Template) -> Shape:
    return {
        "metadata": {
            "labels": dict(found.labels),
            "annotations": dict(found.annotations),
            "finalizers": list(found.finalizers),
        },
        "spec": {
            "taints": [{"key": each.key, "value": each.value, "effect": each.effect} for each in found.taints],
            "unschedulable": found.unschedulable,
        },
    }


def node(found: nodes.Node, of: clusters.Cluster) -> Shape:
    """`cloud.kube.Node`."""
    return {
        "id": found.id,
        "projectId": of.project_id,
        "nodePoolId": found.nodepool_id,
        "name": found.name,
        "instanceId": found.instance_id,
        "flavor": found.flavor,
        "version": str(found.installed_version or found.version),
        "isUpToDate": clusters_.node_is_up_to_date(of, found),
        "status": nodes.status(found).value,
        "createdAt": times.rfc3339(found.created_at),
        "updatedAt": times.rfc3339(found.updated_at),
        "deployedAt": moment(found.deployed_at),
        "deletedAt": moment(found.deleted_at),
    }


def flavor(found: flavors.Flavor) -> Shape:
    """`cloud.kube.Flavor`; RAM in GB."""
    return {
        "name": found.name,
        "category": found.category,
        "state": "available",
        "vCPUs": found.vcpus,
        "gpus": found.gpus,
        "ram": found.ram_gb,
    }


def project(found: projects.Project) -> Shape:
    """`cloud.ProjectWithIAM`."""
    return {
        "project_id": found.id,
        "projectName": found.description or None,
        "description": found.description,
        "planCode": "project",
        "status": found.status.value,
        "access": "full",
        "creationDate": times.rfc3339(found.created_at),
        "expiration": None,
        "orderId": None,
        "unleash": False,
        "manualQuota": True,  # no quota rises by itself
        "iam": {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, found.id)),
            "urn": f"urn:v1:local:resource:publicCloudProject:{found.id}",
            "displayName": found.description or found.id,
            "state": "OK",
            "tags": tags(found),
        },
    }


def tags(found: projects.Project) -> dict[str, str]:
    """Of OVHcloud's, those that it sets itself; there is no way to set others here."""
    return {"ovh:serviceName": found.id}


def region(found: loading.RegionFact, base_url: str) -> Shape:
    """`cloud.Region`."""
    return {
        "name": found.name,
        "type": found.type,
        "status": "UP",
        "continentCode": found.continent,
        "countryCode": found.country,
        "datacenterLocation": found.location,
        "availabilityZones": list(found.zones),
        "ipCountries": [],
        "services": [{"name": "kubernetes", "endpoint": f"{base_url}/1.0", "status": "UP"}],
    }
