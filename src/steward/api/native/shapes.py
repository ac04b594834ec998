"""Answers of `/native`."""

from datetime import datetime
from typing import Any

from steward.domain import accounts, actors, credentials, events, people, progress, projects
from steward.domain import conditions as conditions_
from steward.kit import times

Shape = dict[str, Any]


def project(found: projects.Project) -> Shape:
    return {
        "id": found.id,
        "account": found.account,
        "description": found.description,
        "status": found.status.value,
        "createdAt": times.rfc3339(found.created_at),
    }


def credential(found: credentials.Credential, now: datetime) -> Shape:
    """Without any secret: those are in the one answer to their making."""
    return {
        "credentialId": found.id,
        "applicationKey": found.application_key,
        "account": found.account,
        "status": found.state(now).value,
        "description": found.description,
        "rules": [{"method": each.method, "path": each.path} for each in found.rules],
        "createdAt": times.rfc3339(found.created_at),
        "expiresAt": None if found.expires_at is None else times.rfc3339(found.expires_at),
        "lastUse": None if found.last_use is None else times.rfc3339(found.last_use),
    }


def account(found: accounts.Account) -> Shape:
    return {
        "account": found.id,
        "status": found.status.value,
        "reason": found.reason,
        "createdAt": times.rfc3339(found.created_at),
        "handedOverAt": moment(found.handed_over_at),
        "changedAt": times.rfc3339(found.changed_at),
    }


def person(found: people.Person) -> Shape:
    return {
        "id": found.id,
        "email": found.email,
        "name": found.name,
        "party": found.party,
        "role": found.role.value,
        "account": found.account,
        "only": list(found.only),
        "status": found.status.value,
        "secondFactor": found.second_factor,
        "createdAt": times.rfc3339(found.created_at),
        "lastSignIn": moment(found.last_sign_in),
    }


def token(found: people.Token) -> Shape:
    """Without its secret, which is in the one answer to its making."""
    return {
        "id": found.id,
        "personId": found.person_id,
        "description": found.description,
        "createdAt": times.rfc3339(found.created_at),
        "expiresAt": moment(found.expires_at),
        "revokedAt": moment(found.revoked_at),
        "lastUse": moment(found.last_use),
    }


def caller(actor: actors.Actor) -> Shape:
    return {
        "name": actor.name,
        "kind": actor.kind.value,
        "party": actor.party,
        "role": actor.role.value if actor.role else None,
        "account": actor.account,
        "only": list(actor.only),
        "personId": actor.person_id,
    }


def moment(at: datetime | None) -> str | None:
    return None if at is None else times.rfc3339(at)


def event(found: events.Event) -> Shape:
    return {
        "id": found.id,
        "at": times.precise(found.at),
        "subject": found.subject,
        "subjectId": found.subject_id,
        "type": found.type,
        "message": found.message,
        "actor": found.actor,
        "activity": found.activity,
        "facts": dict(found.facts),
    }


def progressed(found: progress.Progress) -> Shape:
    return {
        "subject": found.subject,
        "flow": found.flow,
        "fraction": round(found.fraction, 4),
        "startedAt": times.precise(found.started_at),
        "endedAt": None if found.ended_at is None else times.precise(found.ended_at),
        "steps": [_step(each) for each in found.steps],
    }


def conditions(subject: str, found: conditions_.Conditions) -> Shape:
    return {"subject": subject, "conditions": [_condition(each) for each in found]}


def _condition(found: conditions_.Condition) -> Shape:
    return {
        "type": found.kind.value,
        "status": found.holds,
        "reason": found.reason.value,
        "message": found.message,
        "whoseTurn": found.whose_turn,
        "activity": found.activity,
        "since": times.precise(found.since),
    }


def _step(found: progress.StepProgress) -> Shape:
    return {
        "name": found.name,
        "activity": found.activity,
        "state": found.state.value,
        "message": found.message,
        "startedAt": None if found.started_at is None else times.precise(found.started_at),
        "endedAt": None if found.ended_at is None else times.precise(found.ended_at),
    }
