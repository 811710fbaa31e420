//! `jeton users import`: accounts of other software, with the hashes of their passwords, written to the database directly.

mod report;
mod rows;

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::pin::pin;

use api_axum::SystemClock;
use auth_domain::model::{AccountId, Actor, EventId, EventKind, NewAccount, Presenter, SecurityEvent, Timestamp};
use auth_domain::ports::{Clock as _, Created, random};
use futures_util::stream::{self, StreamExt as _};

use self::report::Report;
use self::rows::{Row, RowRefused, Rows};
use super::super::control::Control;
use super::super::print;
use crate::cli::ImportFormat;
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::failure::{Doing as _, Failure};

/// Rows that are written at once: they share transactions, and no more of the file is in memory.
const AT_ONCE: usize = 64;

pub(super) async fn run(
    config: &Config,
    path: &Path,
    format: Option<ImportFormat>,
    dry_run: bool,
    report: Option<&Path>,
) -> Result<(), Failure> {
    let format = format.unwrap_or_else(|| format_of(path));
    let reading = format!("read {}", path.display());
    // Counted first, so that progress can be told, and a file that is none of this form is refused before anything is written.
    let total = Rows::open(path, format).doing(&reading)?.count();
    let rows = Rows::open(path, format).doing(&reading)?;
    let mut report = Report::begin(total, report).doing("begin the report")?;
    let outcome = Control::with(config, async |control| import(control, rows, dry_run, &mut report).await).await;
    // What was done is told also when the database failed in the middle.
    let summary = report.finish(dry_run).doing("write the report")?;
    outcome?;
    print(&summary)?;
    if report.is_clean() { Ok(()) } else { Err(Failure::new(report.refusals())) }
}

/// By the ending of its name.
fn format_of(path: &Path) -> ImportFormat {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let json = ["json", "jsonl", "ndjson"].iter().any(|known| ending == *known);
    if json { ImportFormat::Jsonl } else { ImportFormat::Csv }
}

/// Why a row was not imported.
enum NotImported {
    Refused(RowRefused),
    Exists,
    Repeated,
}

async fn import(control: &Control, rows: Rows, dry_run: bool, report: &mut Report) -> Result<(), Failure> {
    let known = Known::default();
    let written = stream::iter(rows)
        .map(|(line, row)| async move {
            match row {
                Ok(row) => {
                    let (email, hash) = (row.email.address().to_owned(), row.password_hash.is_some());
                    (line, Some(email), hash, one(control, row, dry_run).await)
                }
                Err(refused) => (line, refused.email.clone(), false, Ok(Some(NotImported::Refused(refused)))),
            }
        })
        .buffered(AT_ONCE);
    let mut written = pin!(written);
    let mut known = dry_run.then_some(known);
    while let Some((line, email, hash, done)) = written.next().await {
        let mut done = done?;
        if let (None, Some(known), Some(email)) = (&done, &mut known, &email) {
            done = (!known.insert(email)).then_some(NotImported::Repeated);
        }
        report.row(line, email.as_deref(), hash, done.as_ref()).doing("write the report")?;
    }
    Ok(())
}

/// Imports one account; a dry run looks only whether it could.
async fn one(control: &Control, row: Row, dry_run: bool) -> Result<Option<NotImported>, Failure> {
    let accounts = &control.stores.accounts;
    if dry_run {
        let found = accounts.credentials(&row.email).await.doing("look for an account")?;
        return Ok(found.map(|_| NotImported::Exists));
    }
    match accounts.create(account(row).doing("make an id")?).await.doing("write an account")? {
        Created::Created(_) => Ok(None),
        // An import has no invitation that could not fit.
        Created::EmailTaken | Created::NotInvited => Ok(Some(NotImported::Exists)),
    }
}

fn account(row: Row) -> Result<NewAccount, auth_domain::ports::EntropyUnavailable> {
    let now = SystemClock.now();
    let id = AccountId::new(now, random(&OsEntropy)?);
    let event = EventId::new(now, random(&OsEntropy)?);
    let event = SecurityEvent::new(event, now, EventKind::AccountRegistered, id, Actor::Operator, Presenter::default());
    Ok(NewAccount {
        id,
        email: row.email,
        display_name: row.display_name,
        roles: row.roles,
        password_hash: row.password_hash,
        locale: row.locale,
        email_verified: row.email_verified,
        created_at: row.created_at.unwrap_or(now),
        invite: None,
        verification: None,
        event: event.with_detail("imported"),
    })
}

/// The addresses that came before, as hashes of eight bytes, so that a file of millions fits into memory.
#[derive(Default)]
struct Known {
    hasher: RandomState,
    seen: HashSet<u64>,
}

impl Known {
    /// Notes an address; `false` when it came before.
    fn insert(&mut self, email: &str) -> bool {
        let canonical = auth_domain::model::EmailAddress::parse(email).map(|email| email.canonical().to_owned());
        self.seen.insert(self.hasher.hash_one(canonical.unwrap_or_default()))
    }
}

/// The time of a row, which cannot lie in the future.
fn past(text: &str) -> Option<Timestamp> {
    let at = text.parse::<jiff::Timestamp>().ok()?;
    let at = Timestamp::from_micros(at.as_microsecond());
    (at <= SystemClock.now() && at >= Timestamp::from_secs(0)).then_some(at)
}
