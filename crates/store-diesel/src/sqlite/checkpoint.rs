//! Folds the write-ahead log into the file beside the writer, which would otherwise wait for that at every thousandth page.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use diesel::connection::SimpleConnection;
use diesel::prelude::SqliteConnection;

use super::connection::File;
use crate::error::OpenError;

/// How many steps are committed between two checkpoints. Most write one page of their own in a large database, and at a
/// thousand pages the writer's own connection makes a checkpoint: it finds most of it done, and begins the log anew.
/// Commits wait for the disk while a checkpoint is flushed, so many small ones make a better p99 than a few large ones.
const STEPS: usize = 64;

/// A thread with a connection of its own. Readers and the writer go on meanwhile.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    /// Committed since it was woken last.
    steps: usize,
}

impl Checkpointer {
    pub(super) fn start(file: &File) -> Result<Self, OpenError> {
        let (wake, woken) = sync_channel(1);
        let (file, connection) = (file.clone(), file.writer()?);
        let serve = move || serve(&file, connection, &woken);
        let thread = thread::Builder::new().name("jeton-sqlite-checkpoint".into()).spawn(serve)?;
        Ok(Self { wake, thread, steps: 0 })
    }

    /// Tells it that the log has grown.
    pub(super) fn committed(&mut self, steps: usize) {
        self.steps += steps;
        if self.steps >= STEPS {
            self.steps = 0;
            // Where it is still at work it is woken already.
            let _ = self.wake.try_send(());
        }
    }

    /// Ends it, so that its connection is not the last that closes.
    pub(super) fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

fn serve(file: &File, connection: SqliteConnection, woken: &Receiver<()>) {
    let mut connection = Some(connection);
    for () in woken {
        // What cannot be folded now, as on a full disk, stays in the log: the next time, or the writer, does it.
        let Some(mut open) = connection.take().or_else(|| file.writer().ok()) else { continue };
        match open.batch_execute("PRAGMA wal_checkpoint(PASSIVE)") {
            Ok(()) => connection = Some(open),
            Err(error) => tracing::debug!(%error, "the write-ahead log was not folded into the file"),
        }
    }
}
