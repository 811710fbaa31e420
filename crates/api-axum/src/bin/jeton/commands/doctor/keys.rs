//! The keys: whether there is a master key, whether it opens the signing keys, and whether these rotate.

use std::sync::Arc;

use api_axum::SystemClock;
use auth_domain::model::{KeyState, StoredKey, Timestamp};
use auth_domain::ports::{Clock as _, Stores};
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, Keys, KeysError};
use store_diesel::Engine;
use token_core::{Audience, RevocationSet};

use super::PATIENCE;
use super::configuration::shown;
use super::finding::Finding;
use super::report::wait_for;
use crate::config::Config;
use crate::json::sealed_under;
use crate::master_key::{self, MasterKeys};

/// How late a rotation may be before somebody is told.
const LATE_SECS: u64 = 3_600;

pub(super) async fn check(config: &Config, stores: Option<&Stores>, is_new: bool) -> Vec<Finding> {
    let listed = match stores {
        Some(stores) => wait_for("the signing keys", PATIENCE, stores.keys.list()).await.and_then(Result::ok),
        None => is_new.then(Vec::new),
    };
    let (master, masters) = master(config, listed.as_ref().is_some_and(|listed| !listed.is_empty()));
    let mut found = vec![master];
    let Some(listed) = listed else {
        let (what, todo) = ("the signing keys could not be looked at", "first mend what is wrong with the database");
        found.push(Finding::advice("keys.sealed", what, todo));
        return found;
    };
    if listed.is_empty() {
        found.push(Finding::ok("keys.rotation", "there are no signing keys yet; `jeton serve` makes them"));
        return found;
    }
    if let (Some(masters), Some(stores)) = (masters, stores) {
        found.push(opened(config, stores, &masters).await);
        found.extend(superfluous(&listed, &masters));
    }
    found.extend(life(config, &listed));
    found
}

/// The master keys, and what is to be said of where they are.
fn master(config: &Config, is_used: bool) -> (Finding, Option<MasterKeys>) {
    const CHECK: &str = "keys.master";
    if let Some(keys) = &config.master_keys {
        let source = shown(config, "master_key").map(|shown| shown.source.as_str()).unwrap_or_default();
        let what = format!("the master key {} is active, from {source}", keys.active().id());
        return (Finding::ok(CHECK, what), Some(keys.clone()));
    }
    let path = master_key::path(&config.data_dir);
    let shown = path.display();
    match master_key::load(&config.data_dir) {
        Ok(Some(keys)) => {
            let what = format!(
                "the master key {} is active, from {shown}, which its owner alone can read",
                keys.active().id()
            );
            let finding = if config.database_url.engine() == Engine::Postgres {
                Finding::advice(
                    CHECK,
                    format!("the master key was made by this server, in {shown}"),
                    "keep a copy apart from the database's backups; each further server needs the same (JETON_MASTER_KEY_FILE)",
                )
            } else {
                Finding::ok(CHECK, what)
            };
            (finding, Some(keys))
        }
        Ok(None) if is_used => {
            let what =
                format!("there is no master key ({shown}), but the database holds keys that were sealed under one");
            let todo = "put it back, or set JETON_MASTER_KEY_FILE to a file with the key of this database";
            (Finding::problem(CHECK, what, todo), None)
        }
        Ok(None) => (Finding::ok(CHECK, "there is no master key yet; `jeton serve` makes one"), None),
        Err(error) => (Finding::problem(CHECK, error.to_string(), "the server does not start like this"), None),
    }
}

/// Whether everything that is sealed opens.
async fn opened(config: &Config, stores: &Stores, masters: &MasterKeys) -> Finding {
    const CHECK: &str = "keys.sealed";
    const TODO: &str = "configure the master key that this database was served with; `docs/how-to/keys.md` tells how to move to another";
    let opening = async {
        let sealer = Sealer::new(masters.active().id(), masters.all().iter().cloned())?;
        let name = IssuerName { issuer: String::new(), audience: Audience::new(&config.audience) };
        let (store, clock) = (Arc::clone(&stores.keys), Arc::new(SystemClock));
        let keys = Keys::open(store, clock, sealer, config.keys, name, Arc::new(RevocationSet::new())).await?;
        keys.rotation_keys().await
    };
    match wait_for("the signing keys", PATIENCE, opening).await {
        Some(Ok(_)) => Finding::ok(CHECK, "the master keys open all that is sealed"),
        // Said of the keys' life.
        Some(Err(KeysError::NoneActive)) => Finding::ok(CHECK, "the master keys open the signing keys"),
        Some(Err(error)) => Finding::problem(CHECK, error.to_string(), TODO),
        None => Finding::problem(CHECK, "the signing keys could not be read in time", "see to the database"),
    }
}

/// Signing keys that are sealed under a master key which is not the first.
fn superfluous(listed: &[StoredKey], masters: &MasterKeys) -> Option<Finding> {
    let active = masters.active().id();
    let elsewhere = listed.iter().filter_map(sealed_under).any(|id| id != active);
    (elsewhere && masters.all().len() > 1).then(|| {
        Finding::advice(
            "keys.rewrap",
            format!("some keys are not sealed under the first master key, {active}"),
            "run `jeton keys rewrap` once every server has it first; then the others need not be configured",
        )
    })
}

/// Which keys there are, and whether they go on as they should.
fn life(config: &Config, listed: &[StoredKey]) -> Vec<Finding> {
    let now = SystemClock.now();
    let count = |name: &str| listed.iter().filter(|key| key.state.as_str() == name).count();
    let active = listed.iter().find_map(|key| match key.state {
        KeyState::Active { since } => Some((key, since)),
        _ => None,
    });
    let others = format!("{} next, {} retired, {} revoked", count("next"), count("retired"), count("revoked"));
    let mut found = vec![match active {
        Some((key, since)) => rotation(config, key, since, now, &others),
        None => Finding::problem(
            "keys.rotation",
            format!("no key signs ({others})"),
            "start `jeton serve`, which makes one",
        ),
    }];
    let wanted = config.keys.algorithm.to_string();
    if active.is_some_and(|(key, _)| key.algorithm != wanted)
        && !listed.iter().any(|key| key.state == KeyState::Next && key.algorithm == wanted)
    {
        found.push(Finding::advice(
            "keys.algorithm",
            format!("tokens.algorithm is {wanted}, but no {wanted} key signs or waits"),
            "a server that runs with this setting makes one; give every server the same",
        ));
    }
    if count("next") == 0 {
        found.push(Finding::advice(
            "keys.next",
            "no key waits: one that is stolen cannot be replaced at once",
            "a running server makes one within a minute; see its log if there is one",
        ));
    }
    found
}

fn rotation(config: &Config, key: &StoredKey, since: Timestamp, now: Timestamp, others: &str) -> Finding {
    const CHECK: &str = "keys.rotation";
    let due = since.plus(config.keys.rotate_every);
    let late = now.since(due).as_secs();
    if late > LATE_SECS {
        let what = format!("the {} key {} signs since {since}; its rotation was due at {due}", key.algorithm, key.kid);
        Finding::advice(CHECK, what, "a running server rotates by itself; start one, or run `jeton keys rotate`")
    } else {
        Finding::ok(CHECK, format!("an {} key signs until {due} ({others})", key.algorithm))
    }
}
