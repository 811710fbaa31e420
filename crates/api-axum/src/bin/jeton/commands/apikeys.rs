//! `jeton apikeys create | list | revoke`.

use auth_domain::model::{ApiScope, DisplayName};
use serde_json::Value;
use zeroize::Zeroizing;

use super::control::{Control, note};
use super::{print, table};
use crate::cli::ApiKeysAction;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::json;

pub(super) async fn run(config: Config, action: ApiKeysAction) -> Result<(), Failure> {
    Control::with(&config, async |control| match action {
        ApiKeysAction::Create { name, scopes, json } => create(control, &name, scopes, json).await,
        ApiKeysAction::List { json } => list(control, json).await,
        ApiKeysAction::Revoke { id } => {
            control.auth.api_keys.revoke(id).await.doing(&format!("revoke the API key {id}"))?;
            print(&format!("Revoked the API key {id}.\n"))
        }
    })
    .await
}

async fn create(control: &Control, name: &str, mut scopes: Vec<ApiScope>, json: bool) -> Result<(), Failure> {
    let name = DisplayName::new(name).map_err(|_| {
        Failure::usage("the name of an API key has 1 to 100 characters and no control characters; nothing was made")
    })?;
    scopes.sort();
    scopes.dedup();
    let (key, text) = control.auth.api_keys.create(&name, scopes).await.doing("make an API key")?;
    if json {
        let mut shown = json::api_key(&key);
        if let Some(members) = shown.as_object_mut() {
            members.insert("key".to_owned(), Value::from(text.expose()));
        }
        return print(&format!("{shown:#}\n"));
    }
    let may = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
    note(&format!("Made the API key {} for {} ({may}). It is not shown again:", key.id, key.name));
    print(&Zeroizing::new(format!("{}\n", text.expose())))
}

async fn list(control: &Control, json: bool) -> Result<(), Failure> {
    let keys = control.auth.api_keys.list().await.doing("list the API keys")?;
    if json {
        return table::array(keys.iter().map(json::api_key));
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            [
                key.id.to_string(),
                table::cell(Some(&key.name)),
                key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
                key.created_at.to_string(),
                table::cell(key.revoked_at),
            ]
        })
        .collect();
    table::columns(["ID", "NAME", "SCOPES", "MADE", "REVOKED"], &rows)
}
