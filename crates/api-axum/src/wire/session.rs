//! Sessions on the wire.

use auth_domain::model::{SessionId, SessionRecord, UserAgent};
use serde::Serialize;

/// A signed-in device, as its owner would recognise it.
#[derive(Serialize)]
pub(crate) struct DeviceBody {
    id: String,
    device_name: Option<String>,
    device_class: &'static str,
    browser: Option<String>,
    system: Option<String>,
    ip: Option<String>,
    created_at: String,
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
#[derive(Serialize)]
pub(crate) struct SessionBody {
    #[serde(flatten)]
    device: DeviceBody,
    user_agent: Option<String>,
    expires_at: String,
    /// Whether it is the one that asks; to an operator it is none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
}

/// The live sessions of an account, newest first.
#[derive(Serialize)]
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
