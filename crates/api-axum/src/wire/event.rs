//! Security events on the wire.

use auth_domain::model::{Actor, Presenter, RotationEvidence, SecurityEvent, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::PageLimit;

/// One security event.
#[derive(Serialize, ToSchema)]
#[schema(as = SecurityEvent)]
pub(crate) struct EventBody {
    #[schema(format = "uuid", examples("0198f3a2-8e3f-7d50-9b22-5c7f4e90ad63"))]
    id: String,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    at: String,
    /// What happened; more kinds may come.
    #[schema(value_type = String, examples("session_opened"))]
    kind: &'static str,
    /// Whose it is; left out where the owner asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", examples("0198f3a2-6c1d-7b3e-9f00-3a5d2c7e8b41"))]
    user_id: Option<String>,
    /// The session that it happened in.
    #[schema(required, format = "uuid", examples("0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52"))]
    session_id: Option<String>,
    actor: ActorBody,
    #[schema(required, examples("192.0.2.7"))]
    ip: Option<String>,
    #[schema(required, examples("notes/1.4 (iPhone; iOS 26.1)"))]
    user_agent: Option<String>,
    /// More about it, in words.
    #[schema(required)]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceBody>,
}

/// Who made something happen.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorBody {
    /// `owner`, `admin`, `operator` (at the command line) or `server`.
    #[schema(value_type = String, examples("owner"))]
    kind: &'static str,
    /// The session of an owner, or the account of an admin.
    #[schema(required, format = "uuid", examples("0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52"))]
    id: Option<String>,
}

/// The other party of a rotation that went wrong: the event itself tells of the one who came later.
#[derive(Serialize, ToSchema)]
#[schema(as = RotationEvidence)]
struct EvidenceBody {
    #[schema(examples(3))]
    presented_generation: u32,
    #[schema(examples(5))]
    current_generation: u32,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    rotated_at: String,
    rotated_by: PresenterBody,
}

/// Where a request came from.
#[derive(Serialize, ToSchema)]
#[schema(as = Presenter)]
struct PresenterBody {
    #[schema(required, examples("198.51.100.9"))]
    ip: Option<String>,
    #[schema(required, examples("curl/8.17"))]
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
#[derive(Serialize, ToSchema)]
#[schema(as = Events)]
pub(crate) struct EventsBody {
    events: Vec<EventBody>,
    /// What to send as `before` for the next page; `null` at the end.
    #[schema(required, format = "uuid", examples("0198f3a2-8e3f-7d50-9b22-5c7f4e90ad63"))]
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
