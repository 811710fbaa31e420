//! `jeton migrate up | down | status`.

use std::fmt::Write as _;

use store_diesel::migrate;

use super::print;
use crate::cli::MigrateAction;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::wiring;

pub(super) async fn run(config: Config, action: Option<MigrateAction>) -> Result<(), Failure> {
    let url = &config.database_url;
    match action.unwrap_or(MigrateAction::Up) {
        MigrateAction::Up => {
            let applied = wiring::migrate_up(&config).await?;
            print(&told(&applied, "applied", "The tables are up to date."))
        }
        MigrateAction::Down { yes: false } => Err(Failure::usage(format!(
            "taking a migration back can lose data in {url}; make a backup, then say `jeton migrate down --yes`"
        ))),
        MigrateAction::Down { yes: true } => {
            let undone = migrate::down(url, 1).await.doing(&format!("take the last migration of {url} back"))?;
            print(&told(&undone, "taken back", "No migration is applied."))
        }
        MigrateAction::Status => {
            let list = migrate::status(url).await.doing(&format!("read the migrations of {url}"))?;
            let mut text = String::new();
            for migration in list {
                let state = if migration.applied { "applied" } else { "pending" };
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{state}  {}", migration.name);
            }
            print(&text)
        }
    }
}

fn told(names: &[String], what: &str, otherwise: &str) -> String {
    if names.is_empty() {
        return format!("{otherwise}\n");
    }
    names.iter().fold(String::new(), |text, name| text + what + "  " + name + "\n")
}
