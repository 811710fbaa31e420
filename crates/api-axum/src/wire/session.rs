//! Sessions on the wire.

use auth_domain::model::{SessionId, SessionRecord, UserAgent};
use serde::Serialize;
use utoipa::ToSchema;

/// A signed-in device, as its owner would recognise it.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceBody {
    #[schema(format = "uuid", examples("0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52"))]
    id: String,
    #[schema(required, examples("laptop"))]
    device_name: Option<String>,
    /// `web`, `mobile`, `desktop` or `cli`.
    #[schema(value_type = String, examples("web"))]
    device_class: &'static str,
    #[schema(required, examples("Firefox 140"))]
    browser: Option<String>,
    #[schema(required, examples("Windows 10"))]
    system: Option<String>,
    #[schema(required, examples("192.0.2.7"))]
    ip: Option<String>,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    created_at: String,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    last_used_at: String,
}

impl From<&SessionRecord> for DeviceBody {
    fn from(record: &SessionRecord) -> Self {
        let UserAgent { browser, system, .. } = UserAgent::parse(record.presenter.user_agent.as_deref());
        Self {
            id: record.facts.session.to_string(),
            device_name: record.device_name.clone(),
            device_class: record.device_class.as_str(),
            browser,
            system,
            ip: record.presenter.ip.map(|ip| ip.to_string()),
            created_at: record.created_at.to_string(),
            last_used_at: record.last_used_at.to_string(),
        }
    }
}

/// A live session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    #[serde(flatten)]
    device: DeviceBody,
    #[schema(required, examples("Mozilla/5.0"))]
    user_agent: Option<String>,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    expires_at: String,
    /// Whether it is the one that asks; to an operator it is none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples(true))]
    current: Option<bool>,
}

/// The live sessions of an account, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(crate) struct SessionsBody {
    sessions: Vec<SessionBody>,
}

impl SessionsBody {
    /// For the owner, who asks by the session `current`, or for an operator.
    pub(crate) fn new(records: Vec<SessionRecord>, current: Option<SessionId>) -> Self {
        let body = |record: SessionRecord| SessionBody {
            device: DeviceBody::from(&record),
            current: current.map(|current| record.facts.session == current),
            expires_at: record.facts.refresh_expires_at().to_string(),
            user_agent: record.presenter.user_agent,
        };
        Self { sessions: records.into_iter().map(body).collect() }
    }
}
