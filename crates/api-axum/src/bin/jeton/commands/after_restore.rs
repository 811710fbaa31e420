//! `jeton after-restore`: makes a database that came back from a backup safe to serve.

use api_axum::SystemClock;
use auth_domain::model::KeyState;
use auth_domain::ports::Clock as _;
use store_diesel::restore;

use super::control::note;
use super::print;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::wiring::{open_database, open_keys};

pub(super) async fn run(config: Config, keep_keys: bool, yes: bool) -> Result<(), Failure> {
    let url = &config.database_url;
    if !yes {
        return Err(Failure::usage(format!(
            "this signs everybody out who is signed in by {url}; stop the servers, then say `jeton after-restore --yes`"
        )));
    }
    let database = open_database(&config).await?;
    let ended = restore::end_all(url, SystemClock.now()).await.doing("end what the backup brought back");
    let keys = match &ended {
        Ok(_) if !keep_keys => revoke_keys(&config, &database.stores()).await,
        _ => Ok(0),
    };
    database.close().await;
    let (ended, keys) = (ended?, keys?);
    if keep_keys {
        let seconds = config.keys.access_ttl.as_secs();
        note(&format!(
            "The signing keys stay: access tokens that the old servers gave out are good for up to {seconds} s after the last one."
        ));
    }
    print(&format!(
        "Ended {} sessions, took {} links and codes back, and revoked {keys} signing keys.\n",
        ended.sessions, ended.one_time_tokens
    ))
}

/// Nothing that was signed before counts any more: who was signed in after the backup has no session here that could be ended.
async fn revoke_keys(config: &Config, stores: &auth_domain::ports::Stores) -> Result<usize, Failure> {
    let mut found = stores.keys.list().await.doing("list the signing keys")?;
    if found.is_empty() {
        return Ok(0);
    }
    let keys = open_keys(config, stores).await?;
    // Those that wait first: one of them may have signed since the backup, and would take over from the one that signs here.
    found.retain(|key| !matches!(key.state, KeyState::Revoked { .. }));
    found.sort_by_key(|key| key.state != KeyState::Next);
    for key in &found {
        keys.revoke(&key.kid).await.doing(&format!("revoke the signing key {}", key.kid))?;
    }
    Ok(found.len())
}
