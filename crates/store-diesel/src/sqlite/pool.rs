//! Who runs a step: one thread that writes, a few that read.
//!
//! The writer takes every step that waits and runs them in one transaction, each in a savepoint of its own, so that many
//! steps share one flush of the disk and one that fails undoes only itself. No answer leaves before the commit, and if the
//! commit fails no step of the batch is acknowledged. An idle writer begins at once: there is no timer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use auth_domain::ports::StoreError;
use diesel::connection::SimpleConnection;
use diesel::prelude::SqliteConnection;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::connection::{Checkpointer, File};
use crate::edge;
use crate::error::{Failure, OpenError, copy};
use crate::load::{SqliteLoad, name_of};
use crate::news::News;
use crate::options::Options;

/// The most steps that share one transaction: it bounds how long the first of them waits for its answer.
const BATCH: usize = 256;

/// One step of a port.
pub(super) trait Step: Send + 'static {
    type Answer: Send + 'static;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure>;

    /// Whether those who follow the feed are to be woken, once it is committed.
    fn is_news(_answer: &Self::Answer) -> bool {
        false
    }

    /// Runs between the commit and the answer. Tests of what survives a crash stop the process here.
    fn committed(_answer: &Self::Answer) {}
}

/// The way to the threads. They end when it is dropped, or by [`close`](Self::close), once they have done what waits.
pub(super) struct Pool {
    writer: Queue,
    readers: Queue,
    reader_count: usize,
    queue: usize,
    counters: Arc<Counters>,
    news: Arc<News>,
}

enum Message {
    Run(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// The steps that wait for one thread, or for whichever of several is free.
struct Queue {
    messages: SyncSender<Message>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Counters {
    steps: AtomicU64,
    commits: AtomicU64,
    refused: AtomicU64,
}

impl Pool {
    /// Opens all connections and starts their threads.
    pub(super) fn open(file: &File, options: &Options) -> Result<Self, OpenError> {
        let counters = Arc::new(Counters::default());
        let queue = options.sqlite_queue.max(1);
        let (writer, steps) = Queue::of(queue);
        let news = Arc::new(News::default());
        let thread = Writer {
            file: file.clone(),
            connection: Some(file.writer()?),
            checkpointer: Checkpointer::start(file)?,
            counters: Arc::clone(&counters),
            news: Arc::clone(&news),
            waiting: Arc::clone(&writer.waiting),
        };
        thread::Builder::new().name("jeton-sqlite-writer".into()).spawn(move || thread.serve(&steps))?;

        let reader_count = options.sqlite_readers.max(1);
        let (readers, steps) = Queue::of(queue);
        let steps = Arc::new(Mutex::new(steps));
        for _ in 0..reader_count {
            let (connection, steps, waiting) = (file.reader()?, Arc::clone(&steps), Arc::clone(&readers.waiting));
            let reader = move || read(connection, &steps, &waiting);
            thread::Builder::new().name("jeton-sqlite-reader".into()).spawn(reader)?;
        }
        Ok(Self { writer, readers, reader_count, queue, counters, news })
    }

    /// Runs a step that may write. Once it waits in the queue it will be run, whether or not its caller still listens.
    pub(super) async fn write<S: Step>(&self, step: S) -> Result<S::Answer, StoreError> {
        self.submit(&self.writer, step).await
    }

    /// Runs a step that only reads.
    pub(super) async fn read<S: Step>(&self, step: S) -> Result<S::Answer, StoreError> {
        self.submit(&self.readers, step).await
    }

    /// Tells when the writer has committed entries of the feed.
    pub(super) fn news(&self) -> &News {
        &self.news
    }

    pub(super) fn load(&self) -> SqliteLoad {
        SqliteLoad {
            writes_waiting: self.writer.waiting.load(Ordering::Relaxed),
            reads_waiting: self.readers.waiting.load(Ordering::Relaxed),
            queue: self.queue,
            refused: self.counters.refused.load(Ordering::Relaxed),
            steps: self.counters.steps.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
        }
    }

    async fn submit<S: Step>(&self, queue: &Queue, step: S) -> Result<S::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Waiting { step, outcome: None, reply });
        queue.add(job).map_err(|error| match error {
            TrySendError::Full(_) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                StoreError::Busy
            }
            TrySendError::Disconnected(_) => closed(),
        })?;
        let span = tracing::debug_span!(target: "step", "store", step = name_of::<S>());
        answer.instrument(span).await.unwrap_or_else(|_| Err(closed()))
    }

    /// Ends the threads after what waits is done.
    pub(super) async fn close(&self) {
        for _ in 0..self.reader_count {
            end(&self.readers.messages).await;
        }
        end(&self.writer.messages).await;
    }
}

impl Queue {
    fn of(most: usize) -> (Self, Receiver<Message>) {
        let (messages, received) = sync_channel(most);
        (Self { messages, waiting: Arc::default() }, received)
    }

    fn add(&self, job: Box<dyn Job>) -> Result<(), TrySendError<Message>> {
        // Before it is sent: a thread may take it up at once.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.messages.try_send(Message::Run(job)).inspect_err(|_| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        })
    }
}

/// Asks one thread behind the queue to end. The queue may be full, so this may block, which must not be done here.
async fn end(queue: &SyncSender<Message>) {
    let (done, ended) = oneshot::channel();
    let queue = queue.clone();
    // Either error says that the thread has ended already.
    if tokio::task::spawn_blocking(move || queue.send(Message::Close(done)).is_ok()).await.unwrap_or(false) {
        let _ = ended.await;
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database was closed".into())
}

/// A step that waits for its thread, without its type.
trait Job: Send {
    /// Runs the step and keeps its answer. Whether the step is to be undone.
    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Undo>;
    /// Whether it wrote what others wait for.
    fn is_news(&self) -> bool;
    /// Sends the answer, or the error that kept the batch from its commit.
    fn answer(self: Box<Self>, batch: Result<(), &StoreError>);
}

struct Undo;

struct Waiting<S: Step> {
    step: S,
    outcome: Option<Result<S::Answer, StoreError>>,
    reply: oneshot::Sender<Result<S::Answer, StoreError>>,
}

impl<S: Step> Job for Waiting<S> {
    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Undo> {
        edge::at::<S>(edge::BEGINS);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.step.run(connection)))
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the step panicked".into()).into()))
            .map_err(Failure::on_sqlite);
        let undo = if outcome.is_ok() { Ok(()) } else { Err(Undo) };
        self.outcome = Some(outcome);
        edge::at::<S>(edge::BEFORE_COMMIT);
        undo
    }

    fn is_news(&self) -> bool {
        matches!(&self.outcome, Some(Ok(answer)) if S::is_news(answer))
    }

    fn answer(self: Box<Self>, batch: Result<(), &StoreError>) {
        let outcome = match (self.outcome, batch) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(answer)), Ok(())) => {
                S::committed(&answer);
                edge::at::<S>(edge::COMMITTED);
                Ok(answer)
            }
            (_, Err(error)) => Err(copy(error)),
            (None, Ok(())) => Err(closed()),
        };
        // Nobody listens when the caller has gone away.
        let _ = self.reply.send(outcome);
    }
}

struct Writer {
    file: File,
    /// `None` after a failure that may have left it unusable; it is opened anew for the next batch.
    connection: Option<SqliteConnection>,
    checkpointer: Checkpointer,
    counters: Arc<Counters>,
    news: Arc<News>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    fn serve(mut self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            let mut batch = Vec::new();
            let mut closing = None;
            for message in std::iter::once(first).chain(messages.try_iter()) {
                match message {
                    Message::Run(job) => batch.push(job),
                    Message::Close(done) => closing = Some(done),
                }
                if batch.len() == BATCH || closing.is_some() {
                    break;
                }
            }
            if !batch.is_empty() {
                self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
                self.commit(batch);
            }
            if let Some(done) = closing {
                // The log is folded into the file by the last connection that closes.
                self.checkpointer.end();
                self.connection = None;
                let _ = done.send(());
                return;
            }
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        self.counters.steps.fetch_add(u64::try_from(batch.len()).unwrap_or(0), Ordering::Relaxed);
        let committed = match self.connection() {
            Ok(connection) => transact(connection, &mut batch),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        };
        match &committed {
            Ok(()) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.checkpointer.committed(batch.len());
                if batch.iter().any(|job| job.is_news()) {
                    self.news.tell();
                }
            }
            Err(StoreError::Busy) => {}
            Err(_) => self.connection = None,
        }
        for job in batch {
            job.answer(committed.as_ref().copied());
        }
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, OpenError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.file.writer()?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// One transaction around all steps. After an error nothing of it is left.
fn transact(connection: &mut SqliteConnection, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let execute = |connection: &mut SqliteConnection, sql| {
        connection.batch_execute(sql).map_err(|error| Failure::from(error).on_sqlite())
    };
    // Takes the write lock now, so that no step has to upgrade to it later, which SQLite refuses when others wrote.
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut run = || {
        for job in batch.iter_mut() {
            execute(connection, "SAVEPOINT step")?;
            if job.run(connection).is_err() {
                // Fails when SQLite has undone the whole transaction by itself, as it does when the disk is full.
                execute(connection, "ROLLBACK TO step")?;
            }
            execute(connection, "RELEASE step")?;
        }
        execute(connection, "COMMIT")
    };
    let committed = run();
    if committed.is_err() {
        // Fails when there is no transaction any more, which is what it is for.
        let _ = connection.batch_execute("ROLLBACK");
    }
    committed
}

/// Serves steps that only read; each is one statement, which sees one state of the database.
fn read(mut connection: SqliteConnection, messages: &Mutex<Receiver<Message>>, waiting: &AtomicUsize) {
    loop {
        let message = messages.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match message {
            Ok(Message::Run(mut job)) => {
                waiting.fetch_sub(1, Ordering::Relaxed);
                let _ = job.run(&mut connection);
                job.answer(Ok(()));
            }
            Ok(Message::Close(done)) => {
                drop(connection);
                let _ = done.send(());
                return;
            }
            Err(_) => return,
        }
    }
}
