//! `jeton doctor`: looks at everything that a server needs, and says what is wrong, what could be better, and what to do.

mod clock;
mod configuration;
mod database;
mod finding;
mod keys;
mod mail;
mod processes;
mod proxies;
mod report;
mod server;
mod surroundings;

use std::time::Duration;

use store_diesel::Database;

use self::clock::Watch;
use self::finding::Finding;
use self::report::{Report, wait_for};
use crate::cli::{DoctorArgs, Settings};
use crate::config::{Config, ConfigProblems};
use crate::failure::{Doing as _, Failure};

/// How long anything but the mail server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(settings: &Settings, arguments: &DoctorArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().doing("start the runtime")?;
    let done = runtime.block_on(look(settings, arguments));
    // What did not answer in time is not waited for here either.
    runtime.shutdown_background();
    done
}

async fn look(settings: &Settings, arguments: &DoctorArgs) -> Result<(), Failure> {
    let watch = Watch::start();
    let mut report = Report::new(arguments.json);
    report.area("Configuration")?;
    let config = match Config::load(settings) {
        Ok(config) => config,
        Err(problems) => {
            report.tell(refused(&problems))?;
            return report.end();
        }
    };
    report.tell(configuration::check(settings, &config))?;
    report.tell(surroundings::check(&config, arguments.min_free))?;

    report.area("Database")?;
    let (found, examined, is_new) = database::check(&config).await;
    report.tell(found)?;
    let opened = match &examined {
        Some(examined) if examined.is_usable => open(&config).await,
        _ => None,
    };
    let stores = opened.as_ref().map(Database::stores);

    report.area("Clock")?;
    report.tell(watch.check(examined.as_ref(), stores.as_ref()).await)?;
    report.area("Keys")?;
    report.tell(keys::check(&config, stores.as_ref(), is_new).await)?;
    report.area("Mail")?;
    report.tell(mail::check(&config, arguments.send_test_mail.as_ref()).await)?;
    report.area("Proxies")?;
    report.tell(proxies::check(&config).await)?;
    report.area("Servers")?;
    report.tell(server::check(&config, examined.as_ref()).await)?;
    if let Some(database) = opened {
        wait_for("the database", PATIENCE, database.close()).await;
    }
    report.end()
}

async fn open(config: &Config) -> Option<Database> {
    let opening = Database::open(&config.database_url, &config.database);
    wait_for("the database", PATIENCE, opening).await?.ok()
}

/// Each problem of the settings. Everything else rests on them.
fn refused(problems: &ConfigProblems) -> Vec<Finding> {
    let mend = "mend it there; the rest is looked at when the settings are good";
    problems.0.iter().map(|problem| Finding::problem("configuration.settings", problem.as_str(), mend)).collect()
}
