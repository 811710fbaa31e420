//! Accounts, sessions, events and keys as JSON, as commands print them and webhooks carry them. No secret is in them.

use auth_domain::model::{
    Account, Actor, ApiKey, DisplayName, KeyPolicy, Presenter, RetiredMasterKey, Role, SecurityEvent, SessionRecord,
    StoredKey, Timestamp, UserAgent,
};
use serde_json::{Value, json};

/// An account.
pub(crate) fn account(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "email": account.email.address(),
        "display_name": account.display_name.as_ref().map(DisplayName::as_str),
        "roles": account.roles.iter().map(Role::as_str).collect::<Vec<_>>(),
        "locale": account.locale.as_str(),
        "email_verified": account.email_verified_at.is_some(),
        "created_at": account.created_at.to_string(),
        "disabled_at": account.disabled_at.map(|at| at.to_string()),
    })
}

/// A signed-in device.
pub(crate) fn session(session: &SessionRecord) -> Value {
    let program = UserAgent::parse(session.presenter.user_agent.as_deref());
    json!({
        "id": session.facts.session.to_string(),
        "user_id": session.facts.account.to_string(),
        "device_name": session.device_name,
        "device_class": session.device_class.as_str(),
        "browser": program.browser,
        "system": program.system,
        "ip": session.presenter.ip,
        "user_agent": session.presenter.user_agent,
        "created_at": session.created_at.to_string(),
        "last_used_at": session.last_used_at.to_string(),
        "expires_at": session.facts.refresh_expires_at().to_string(),
    })
}

/// A security event.
pub(crate) fn event(event: &SecurityEvent) -> Value {
    let evidence = event.evidence.as_ref().map(|evidence| {
        json!({
            "presented_generation": evidence.presented_generation,
            "current_generation": evidence.current_generation,
            "rotated_by": presenter(&evidence.rotated_by),
            "rotated_at": Timestamp::from_micros(evidence.rotated_at_micros).to_string(),
        })
    });
    json!({
        "id": event.id.to_string(),
        "at": event.at.to_string(),
        "kind": event.kind.as_str(),
        "user_id": event.account.to_string(),
        "session_id": event.session.map(|id| id.to_string()),
        "actor": actor(event.actor),
        "ip": event.presenter.ip,
        "user_agent": event.presenter.user_agent,
        "evidence": evidence,
        "detail": event.detail,
    })
}

/// An API key.
pub(crate) fn api_key(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "scopes": key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "created_at": key.created_at.to_string(),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}

/// A signing key.
pub(crate) fn signing_key(key: &StoredKey, policy: &KeyPolicy) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state.as_str(),
        "created_at": key.created_at.to_string(),
        "ready_at": policy.ready_at(key).to_string(),
        "since": key.state.since().map(|at| at.to_string()),
        "until": key.state.until().map(|at| at.to_string()),
        "sealed_under": sealed_under(key),
    })
}

/// The id of the master key that seals it; of a revoked key nothing is left to seal.
pub(crate) fn sealed_under(key: &StoredKey) -> Option<u8> {
    key.state.is_trusted().then_some(key.key_id)
}

/// A master key that was moved away from.
pub(crate) fn retired_master_key(master: &RetiredMasterKey) -> Value {
    json!({
        "id": master.id,
        "retired_at": master.retired_at.to_string(),
        "sealed_under": master.key_id,
    })
}

fn actor(actor: Actor) -> Value {
    json!({ "kind": actor.as_str(), "id": actor.id().map(|id| id.to_string()) })
}

fn presenter(presenter: &Presenter) -> Value {
    json!({ "ip": presenter.ip, "user_agent": presenter.user_agent })
}
