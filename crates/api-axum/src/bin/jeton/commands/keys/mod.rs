//! `jeton keys list | rotate | revoke | delete | import | export-public | rewrap | forget-master`.

mod export;
mod import;
mod masters;

use auth_domain::model::{KeyChanged, KeyPolicy, KeyRefused, KeyState, StoredKey};
use auth_domain::ports::Stores;
use auth_domain::signing::KeysError;
use serde_json::json;

use super::control::note;
use super::{print, table};
use crate::cli::KeysAction;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::json;
use crate::wiring::{open_database, open_keys};

pub(super) async fn run(config: Config, action: KeysAction) -> Result<(), Failure> {
    let database = open_database(&config).await?;
    let done = act(&config, &database.stores(), action).await;
    database.close().await;
    done
}

async fn act(config: &Config, stores: &Stores, action: KeysAction) -> Result<(), Failure> {
    match action {
        KeysAction::List { json } => list(config, stores, json).await,
        KeysAction::Rotate { kid, force, json } => {
            let outcome = open_keys(config, stores).await?.rotate(kid.as_deref(), force).await;
            told(&config.keys, outcome.map_err(|error| explained("rotate", &error)), json)
        }
        KeysAction::Revoke { kid, json } => {
            let outcome = open_keys(config, stores).await?.revoke(&kid).await;
            told(&config.keys, outcome.map_err(|error| explained("revoke the key", &error)), json)
        }
        KeysAction::Delete { kid, force, json } => {
            let outcome = open_keys(config, stores).await?.delete(&kid, force).await;
            told(&config.keys, outcome.map_err(|error| explained("delete the key", &error)), json)
        }
        KeysAction::Import { file, algorithm, json } => import::run(config, stores, &file, algorithm, json).await,
        KeysAction::ExportPublic { format, kid } => {
            export::run(open_keys(config, stores).await?.ring(), format, kid.as_deref())
        }
        KeysAction::Rewrap { json } => masters::rewrap(config, stores, json).await,
        KeysAction::ForgetMaster { id, yes } => masters::forget(config, stores, id, yes).await,
    }
}

/// Needs no master key: what is sealed stays so.
async fn list(config: &Config, stores: &Stores, json: bool) -> Result<(), Failure> {
    let keys = stores.keys.list().await.doing("list the keys")?;
    let retired = stores.keys.retired_masters().await.doing("list the retired master keys")?;
    if json {
        let keys: Vec<_> = keys.iter().map(|key| json::signing_key(key, &config.keys)).collect();
        let retired: Vec<_> = retired.iter().map(json::retired_master_key).collect();
        return print(&format!("{:#}\n", json!({ "keys": keys, "retired_master_keys": retired })));
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            [
                key.kid.clone(),
                key.algorithm.clone(),
                key.state.as_str().to_owned(),
                table::cell(json::sealed_under(key)),
                key.created_at.to_string(),
                outlook(key, &config.keys),
            ]
        })
        .collect();
    table::columns(["KID", "ALGORITHM", "STATE", "MASTER KEY", "PUBLISHED", ""], &rows)?;
    for master in retired {
        note(&format!(
            "The master key {} was moved away from at {}; sessions that were made under it live on (keys forget-master ends them).",
            master.id, master.retired_at
        ));
    }
    Ok(())
}

/// What becomes of a key, and when.
fn outlook(key: &StoredKey, policy: &KeyPolicy) -> String {
    match key.state {
        KeyState::Next => format!("may sign from {}", policy.ready_at(key)),
        KeyState::Active { since } => format!("signs since {since}"),
        KeyState::Retired { until, .. } => format!("verifies until {until}"),
        KeyState::Revoked { since, .. } => format!("refused since {since}"),
    }
}

/// Tells what was changed and, on standard error, what that may break.
fn told(policy: &KeyPolicy, outcome: Result<KeyChanged, Failure>, json: bool) -> Result<(), Failure> {
    let KeyChanged { change, keys, .. } = outcome?;
    if let Some(overruled) = &change.overruled {
        note(&format!("forced, although {overruled}"));
    }
    for key in &change.put {
        let ready_at = policy.ready_at(key);
        // A forced rotation has said so already.
        if let (KeyState::Active { since }, None) = (key.state, &change.overruled)
            && since < ready_at
        {
            note(&format!(
                "The key {} takes over before every verifier has seen it: those that do not ask for unknown keys refuse what it \
                 signs until {ready_at}.",
                key.kid
            ));
        }
    }
    if json {
        let keys: Vec<_> = keys.iter().map(|key| json::signing_key(key, policy)).collect();
        let overruled = change.overruled.map(|overruled| overruled.to_string());
        let shown = json!({ "keys": keys, "overruled": overruled });
        return print(&format!("{shown:#}\n"));
    }
    let put = change.put.iter().map(|key| {
        let StoredKey { kid, algorithm, .. } = key;
        match key.state {
            KeyState::Next => {
                format!("The {algorithm} key {kid} waits, and may sign from {}.\n", policy.ready_at(key))
            }
            KeyState::Active { .. } => format!("The {algorithm} key {kid} signs from now on.\n"),
            KeyState::Retired { until, .. } => {
                format!("The key {kid} signs no more. It verifies until {until}, when its last token has expired.\n")
            }
            KeyState::Revoked { .. } => {
                format!(
                    "The key {kid} is revoked: everything that it signed is refused. Clients go on by refreshing.\n"
                )
            }
        }
    });
    let removed = change.remove.iter().map(|kid| format!("The key {kid} is gone.\n"));
    print(&put.chain(removed).collect::<String>())
}

/// A failure with what this command line offers against it.
fn explained(doing: &str, error: &KeysError) -> Failure {
    let hint = match error {
        KeysError::Refused(KeyRefused::NoNext(_)) => {
            "; start `jeton serve` with the same settings, or add --force to make one that signs at once"
        }
        KeysError::Refused(KeyRefused::NotYetSeen { .. } | KeyRefused::Needed { .. }) => " (--force)",
        KeysError::Refused(KeyRefused::NoSuchKey(_)) => "; `jeton keys list` shows them all",
        _ => "",
    };
    Failure::new(format!("cannot {doing}: {error}{hint}"))
}
