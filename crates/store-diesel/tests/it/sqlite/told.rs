//! What SQLite is told: the statements of the connections that a test opens.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use store_diesel::{Database, DatabaseUrl, Options};

static TOLD: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());
/// The listener is one for the process.
static OPENING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Each statement with its thread: `PREPARE …` when it is prepared to be kept, and the statement with its values when it is
/// run. Other tests of this process may have opened connections meanwhile; a connection is known by its thread.
pub(super) fn told() -> MutexGuard<'static, Vec<(ThreadId, String)>> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a database whose statements are written down.
pub(super) async fn open(url: &DatabaseUrl, options: &Options) -> Database {
    let _one = OPENING.lock().await;
    set_default_instrumentation(listen).unwrap();
    let database = Database::open(url, options).await.unwrap();
    set_default_instrumentation(|| None).unwrap();
    database
}

#[expect(clippy::unnecessary_wraps, reason = "the type that diesel asks for")]
fn listen() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { query, .. } => {
            told().push((std::thread::current().id(), query.to_string()));
        }
        InstrumentationEvent::CacheQuery { sql, .. } => {
            told().push((std::thread::current().id(), format!("PREPARE {sql}")));
        }
        _ => {}
    }))
}
