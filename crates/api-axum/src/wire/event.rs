//! Security events on the wire.

use auth_domain::model::{Actor, Presenter, RotationEvidence, SecurityEvent, Timestamp};
use serde::Serialize;

use crate::extract::PageLimit;

/// One security event.
#[derive(Serialize)]
pub(crate) struct EventBody {
    id: String,
    at: String,
    kind: &'static str,
    /// Whose it is; left out where the owner asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    session_id: Option<String>,
    actor: ActorBody,
    ip: Option<String>,
    user_agent: Option<String>,
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceBody>,
}

#[derive(Serialize)]
struct ActorBody {
    kind: &'static str,
    /// The session of an owner, or the account of an admin.
    id: Option<String>,
}

/// The other party of a rotation that went wrong: the event itself tells of the one who came later.
#[derive(Serialize)]
struct EvidenceBody {
    presented_generation: u32,
    current_generation: u32,
    rotated_at: String,
    rotated_by: PresenterBody,
}

#[derive(Serialize)]
struct PresenterBody {
    ip: Option<String>,
    user_agent: Option<String>,
}

impl From<Presenter> for PresenterBody {
    fn from(presenter: Presenter) -> Self {
        Self { ip: presenter.ip.map(|ip| ip.to_string()), user_agent: presenter.user_agent }
    }
}

impl From<RotationEvidence> for EvidenceBody {
    fn from(evidence: RotationEvidence) -> Self {
        Self {
            presented_generation: evidence.presented_generation,
            current_generation: evidence.current_generation,
            rotated_at: Timestamp::from_micros(evidence.rotated_at_micros).to_string(),
            rotated_by: evidence.rotated_by.into(),
        }
    }
}

impl EventBody {
    fn for_operators(event: SecurityEvent) -> Self {
        let PresenterBody { ip, user_agent } = event.presenter.into();
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            kind: event.kind.as_str(),
            user_id: Some(event.account.to_string()),
            session_id: event.session.map(|id| id.to_string()),
            actor: ActorBody { kind: event.actor.as_str(), id: event.actor.id().map(|id| id.to_string()) },
            ip,
            user_agent,
            detail: event.detail,
            evidence: event.evidence.map(Into::into),
        }
    }

    /// Where an operator sits, and at which machine, is not for the owner of an account.
    fn for_owner(mut event: SecurityEvent) -> Self {
        if matches!(event.actor, Actor::Admin(_) | Actor::Operator) {
            event.presenter = Presenter::default();
        }
        Self { user_id: None, ..Self::for_operators(event) }
    }
}

/// A page of events, newest first.
#[derive(Serialize)]
pub(crate) struct EventsBody {
    events: Vec<EventBody>,
    /// What to send as `before` for the next page; `null` at the end.
    next: Option<String>,
}

impl EventsBody {
    /// For the owner of the account.
    pub(crate) fn for_owner(events: Vec<SecurityEvent>, limit: PageLimit) -> Self {
        Self::new(events, limit, EventBody::for_owner)
    }

    /// For operators.
    pub(crate) fn for_operators(events: Vec<SecurityEvent>, limit: PageLimit) -> Self {
        Self::new(events, limit, EventBody::for_operators)
    }

    fn new(mut events: Vec<SecurityEvent>, limit: PageLimit, body: fn(SecurityEvent) -> EventBody) -> Self {
        let next = limit.cut(&mut events).map(|last| last.id.to_string());
        Self { next, events: events.into_iter().map(body).collect() }
    }
}
