//! `jeton keys rewrap | forget-master`: from one master key to another.

use std::fmt::Write as _;

use auth_domain::ports::Stores;
use auth_domain::signing::Rewrapped;
use serde_json::json;

use crate::commands::control::note;
use crate::commands::print;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::wiring::{offline, open_keys, sealer};

/// How often what a server sealed meanwhile is sealed anew.
const ROUNDS: u32 = 5;

pub(super) async fn rewrap(config: &Config, stores: &Stores, json: bool) -> Result<(), Failure> {
    let keys = open_keys(config, stores).await?;
    let sealer = sealer(config, stores).await?;
    let active = sealer.active();
    let mut moved = 0;
    let mut masters = Vec::new();
    let mut complete = false;
    for _ in 0..ROUNDS {
        let Rewrapped { signing_keys, masters: kept } = keys.rewrap().await.doing("seal the keys anew")?;
        moved += signing_keys;
        masters = kept;
        let listed = keys.list().await.doing("list the keys")?;
        complete = listed.iter().all(|key| key.key_id == active || !key.state.is_trusted());
        if complete {
            break;
        }
    }
    if !complete {
        return Err(Failure::new(format!(
            "{moved} signing keys were moved to the master key {active}, but a server keeps sealing new ones under another: put \
             {active} first in the settings of every server, then run this again"
        )));
    }
    let auth = offline(config, stores.clone(), Some(sealer))?;
    let secrets = auth.factors.rewrap().await.doing("seal the secrets of second factors anew")?;
    masters.sort_unstable();
    if json {
        return print(&format!(
            "{:#}\n",
            json!({
                "master_key_id": active,
                "signing_keys_moved": moved,
                "factor_secrets_moved": secrets,
                "masters_not_needed": masters,
            })
        ));
    }
    let mut text = match moved {
        0 => format!("Every signing key is sealed under the master key {active} already.\n"),
        1 => format!("Sealed 1 signing key anew, under the master key {active}.\n"),
        _ => format!("Sealed {moved} signing keys anew, under the master key {active}.\n"),
    };
    if secrets > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "The same was done to {secrets} secrets of second factors.");
    }
    if masters.is_empty() {
        text += "No other master key is configured; to move to a new one, put it first: 2:NEW,1:OLD.\n";
        return print(&text);
    }
    let named = masters.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    note(&format!(
        "Take it away when {active} stands first in the settings of every server. It is safe to run this again."
    ));
    print(&format!(
        "{text}Not needed in the settings any more: {named}. What its sessions need of it is kept, sealed under {active}.\n"
    ))
}

pub(super) async fn forget(config: &Config, stores: &Stores, id: u8, yes: bool) -> Result<(), Failure> {
    let retired = stores.keys.retired_masters().await.doing("list the retired master keys")?;
    if !retired.iter().any(|master| master.id == id) {
        let known: Vec<String> = retired.iter().map(|master| master.id.to_string()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure::new(format!(
            "no master key {id} was moved away from with `jeton keys rewrap`, so there is nothing to forget (there is {known})"
        )));
    }
    if !yes {
        return Err(Failure::usage(format!(
            "every session that was made under the master key {id} and not refreshed since another one stands first will have \
             to sign in again; say that you mean it with --yes"
        )));
    }
    open_keys(config, stores).await?.forget_master(id).await.doing(&format!("forget the master key {id}"))?;
    note("Running servers forget it when they start again.");
    print(&format!("Forgot the master key {id}.\n"))
}
