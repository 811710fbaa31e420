//! Who runs a step: a task of its own, on a connection of the pool.
//!
//! A step that has begun is finished whether or not its caller still listens: it runs in a spawned task, which holds the
//! permit and the connection until it is done. Steps of several statements run in a transaction, and again, a bounded
//! number of times, when PostgreSQL gave others the right of way.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use auth_domain::ports::StoreError;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::pooled_connection::deadpool::{Object, Pool as Connections, PoolError};
use diesel_async::pooled_connection::{self, AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;
use tracing::Instrument;

use super::connection::{self, Limits};
use crate::edge;
use crate::error::{Failure, OpenError};
use crate::load::{PostgresLoad, name_of};
use crate::options::Options;
use crate::servers::Servers;

/// How often a step is run before it is given up.
const ATTEMPTS: u32 = 6;

/// No attempt begins later than this after the first one.
const PATIENCE: Duration = Duration::from_secs(4);

/// One step of a port.
pub(super) trait Step: Send + Sync + 'static {
    type Answer: Send + 'static;

    /// May be run again after a conflict.
    fn run(&self, connection: &mut AsyncPgConnection) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Whether what it wrote is undone, though it has an answer: a refusal that came after the first write.
    fn is_undone(_answer: &Self::Answer) -> bool {
        false
    }

    /// Runs between the commit and the answer. Tests of what survives a crash stop the process here.
    fn committed(_answer: &Self::Answer) {}
}

/// The connections.
#[derive(Clone)]
pub(super) struct Pool {
    connections: Connections<AsyncPgConnection>,
    /// One permit a connection: who holds one finds a connection free or makes it.
    permits: Arc<Semaphore>,
    line: Arc<Line>,
    size: usize,
    wait: Duration,
    connect: Duration,
    answer: Duration,
    /// What begins a transaction behind a pooler.
    begin: Option<Arc<str>>,
}

/// The steps that wait for a connection.
struct Line {
    waiting: AtomicUsize,
    most: usize,
    refused: AtomicU64,
}

/// A step's place in the line, until it is dropped.
struct Place<'a>(&'a Line);

impl Line {
    /// A place at the end; none when the line is as long as it may be.
    fn join(&self) -> Option<Place<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(self);
        (before < self.most).then_some(place)
    }

    fn refuse(&self) -> StoreError {
        self.refused.fetch_add(1, Ordering::Relaxed);
        StoreError::Busy
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a step is committed.
#[derive(Clone, Copy)]
enum Mode {
    /// It is one statement, which commits itself: one round trip.
    Statement,
    /// It is several.
    Transaction,
}

impl Pool {
    /// Makes the pool and its first connection.
    pub(super) async fn open(servers: &Arc<Servers>, options: &Options) -> Result<Self, OpenError> {
        let limits = Limits::from(options);
        let begin = servers.is_pooled().then(|| connection::begin(limits).into());
        let servers = Arc::clone(servers);
        let mut setup = ManagerConfig::default();
        // A connection that broke is noticed by its own task; asking it each time would cost a round trip a step.
        setup.recycling_method = RecyclingMethod::Fast;
        setup.custom_setup = Box::new(move |_| {
            let servers = Arc::clone(&servers);
            Box::pin(async move { connection::establish(&servers, limits).await })
        });
        // The manager wants a URL for its own way of connecting, which is not used.
        let manager = AsyncDieselConnectionManager::new_with_config(String::new(), setup);
        let size = options.postgres_connections.max(1);
        let connections = Connections::builder(manager)
            .max_size(size)
            .build()
            .map_err(|error| OpenError::Unreachable(error.to_string()))?;
        let pool = Self {
            connections,
            permits: Arc::new(Semaphore::new(size)),
            line: Arc::new(Line {
                waiting: AtomicUsize::new(0),
                most: options.postgres_queue,
                refused: AtomicU64::new(0),
            }),
            size,
            wait: options.postgres_wait,
            connect: options.postgres_connect,
            answer: options.postgres_answer,
            begin,
        };
        match pool.connection().await {
            Ok(_) => Ok(pool),
            Err(StoreError::Unavailable(reason)) => Err(OpenError::Unreachable(reason)),
            Err(error) => Err(OpenError::Unreachable(error.to_string())),
        }
    }

    /// Runs a step that is one statement.
    pub(super) async fn statement<S: Step>(&self, step: S) -> Result<S::Answer, StoreError> {
        self.spawn(step, Mode::Statement).await
    }

    /// Runs a step in a transaction.
    pub(super) async fn transact<S: Step>(&self, step: S) -> Result<S::Answer, StoreError> {
        self.spawn(step, Mode::Transaction).await
    }

    /// Waits for the steps that have begun, then closes the connections.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        // Fails only when it was closed before.
        let idle = self.permits.acquire_many(all).await;
        self.permits.close();
        self.connections.close();
        drop(idle);
    }

    async fn spawn<S: Step>(&self, step: S, mode: Mode) -> Result<S::Answer, StoreError> {
        let span = tracing::debug_span!(target: "step", "store", step = name_of::<S>());
        self.spawn_once_free(step, mode).instrument(span).await
    }

    async fn spawn_once_free<S: Step>(&self, step: S, mode: Mode) -> Result<S::Answer, StoreError> {
        let permit = self.permit().await?;
        let pool = self.clone();
        let task = async move {
            let answer = pool.run(&step, mode).await;
            drop(permit);
            answer
        };
        tokio::spawn(task.in_current_span())
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the step panicked".into())))
    }

    /// The right to a connection. A line that is full, or does not move, is said at once and after a while: nobody hangs.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => return Ok(permit),
            Err(TryAcquireError::Closed) => return Err(closed()),
            Err(TryAcquireError::NoPermits) => {}
        }
        let Some(_place) = self.line.join() else { return Err(self.line.refuse()) };
        match timeout(self.wait, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(self.line.refuse()),
        }
    }

    /// How much it has to do.
    pub(super) fn load(&self) -> PostgresLoad {
        let status = self.connections.status();
        let in_use = self.size.saturating_sub(self.permits.available_permits());
        PostgresLoad {
            in_use,
            idle: status.size.saturating_sub(in_use),
            connections: self.size,
            waiting: self.line.waiting.load(Ordering::Relaxed),
            queue: self.line.most,
            refused: self.line.refused.load(Ordering::Relaxed),
        }
    }

    async fn run<S: Step>(&self, step: &S, mode: Mode) -> Result<S::Answer, StoreError> {
        let began = Instant::now();
        let mut attempt = 1;
        loop {
            let mut connection = self.connection().await?;
            let Ok(outcome) = timeout(self.answer, self.attempt(step, mode, &mut connection)).await else {
                self.give_up(connection);
                return Err(StoreError::Unavailable("PostgreSQL did not answer in time".into()));
            };
            let is_read_only = matches!(&outcome, Err(stopped) if stopped.failure().is_read_only());
            if is_read_only {
                self.give_up(connection);
            } else {
                drop(connection);
            }
            // A server that takes no writes is left once; one that takes some is found by then, or there is none.
            let attempts = if is_read_only { 2 } else { ATTEMPTS };
            match outcome {
                Ok(answer) => return Ok(answer),
                Err(Stopped::Undone(failure)) if attempt < attempts && began.elapsed() < PATIENCE => {
                    tracing::debug!(attempt, ?failure, "a step is run again");
                }
                Err(Stopped::Undone(failure) | Stopped::Final(failure)) => return Err(failure.on_postgres()),
            }
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt<S: Step>(
        &self,
        step: &S,
        mode: Mode,
        connection: &mut AsyncPgConnection,
    ) -> Result<S::Answer, Stopped> {
        match (&self.begin, mode) {
            (None, Mode::Statement) => statement(step, connection).await,
            (None, Mode::Transaction) => transaction(step, connection, "BEGIN").await,
            (Some(begin), _) => transaction(step, connection, begin).await,
        }
    }

    /// Closes the connection, and those that nobody uses: they lead to the same server, and who takes the next one should
    /// not have to find out by himself.
    fn give_up(&self, connection: Object<AsyncPgConnection>) {
        drop(Object::take(connection));
        self.connections.retain(|_, _| false);
    }

    async fn connection(&self) -> Result<Object<AsyncPgConnection>, StoreError> {
        match timeout(self.connect, self.connections.get()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(PoolError::Closed)) => Err(closed()),
            Ok(Err(PoolError::Backend(pooled_connection::PoolError::ConnectionError(error)))) => {
                Err(StoreError::Unavailable(error.to_string()))
            }
            Ok(Err(error)) => Err(StoreError::Unavailable(error.to_string())),
            Err(_) => Err(StoreError::Unavailable("PostgreSQL gave no connection in time".into())),
        }
    }
}

/// Why an attempt ended.
enum Stopped {
    /// Nothing of it is left, and the next attempt may pass.
    Undone(Failure),
    /// It makes no sense to try again, or nobody knows whether it was committed.
    Final(Failure),
}

impl Stopped {
    const fn failure(&self) -> &Failure {
        match self {
            Self::Undone(failure) | Self::Final(failure) => failure,
        }
    }
}

async fn statement<S: Step>(step: &S, connection: &mut AsyncPgConnection) -> Result<S::Answer, Stopped> {
    edge::at::<S>(edge::BEGINS);
    let answer = step.run(connection).await.map_err(|failure| {
        if failure.is_serialization_failure() || failure.is_read_only() {
            Stopped::Undone(failure)
        } else {
            Stopped::Final(failure)
        }
    })?;
    S::committed(&answer);
    edge::at::<S>(edge::COMMITTED);
    Ok(answer)
}

async fn transaction<S: Step>(step: &S, connection: &mut AsyncPgConnection, begin: &str) -> Result<S::Answer, Stopped> {
    // A connection that broke unnoticed fails here, where nothing has happened yet.
    let opened = AnsiTransactionManager::begin_transaction_sql(connection, begin).await;
    opened.map_err(|error| Stopped::Undone(error.into()))?;
    edge::at::<S>(edge::BEGINS);
    let answer = match step.run(connection).await {
        Ok(answer) if S::is_undone(&answer) => {
            let _ = AnsiTransactionManager::rollback_transaction(connection).await;
            return Ok(answer);
        }
        Ok(answer) => answer,
        Err(failure) => {
            // Should it fail, the connection is broken, and the pool throws it away; the server undoes the transaction.
            let _ = AnsiTransactionManager::rollback_transaction(connection).await;
            return Err(if failure.may_pass_later() { Stopped::Undone(failure) } else { Stopped::Final(failure) });
        }
    };
    edge::at::<S>(edge::BEFORE_COMMIT);
    match AnsiTransactionManager::commit_transaction(connection).await {
        Ok(()) => {
            S::committed(&answer);
            edge::at::<S>(edge::COMMITTED);
            Ok(answer)
        }
        Err(error @ Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => {
            Err(Stopped::Undone(error.into()))
        }
        Err(error) => Err(Stopped::Final(error.into())),
    }
}

/// Between half of and one whole 4, 8, 16, 32, 64 ms, so that those who met do not meet again.
fn pause(attempt: u32) -> Duration {
    let whole = 2_u64.saturating_pow(attempt.saturating_add(1)).saturating_mul(1_000);
    let random = RandomState::new().hash_one(attempt);
    let half = whole / 2;
    Duration::from_micros(half + random % half.max(1))
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database was closed".into())
}
