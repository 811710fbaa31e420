//! What a server does beside its requests: it follows the revocation feed, forgets what is needed no more, removes old
//! rows, and sends mail and webhooks. None of it ends before the server does. Keys have [a keeper](crate::key_keeper) of their own.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use auth_domain::Auth;
use auth_domain::model::Endpoint;
use auth_domain::ports::Subscription;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::key_keeper::KeyKeeper;
use crate::operations::Work;
use crate::webhook::HttpSender;

/// How often the feed is asked for news at least: where the database cannot tell, or its word got lost.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);
/// How often what has expired leaves memory.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// How often the database is looked through for rows that are needed no more.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// The pause between two batches of such rows, in which others have the write lock.
const SWEEP_PAUSE: Duration = Duration::from_millis(100);
/// How often deliveries are looked for, to webhooks and by mail.
const DELIVER_EVERY: Duration = Duration::from_secs(1);
/// How often mails with tokens are looked for: somebody waits for them.
const MAIL_EVERY: Duration = Duration::from_millis(250);

/// The work, and what it needs.
pub(crate) struct Background {
    /// The use cases.
    pub(crate) auth: Arc<Auth>,
    /// What looks after the signing keys.
    pub(crate) keeper: Arc<KeyKeeper>,
    /// Counts the times that the feed brought something; who waits for news holds the other end.
    pub(crate) news: watch::Sender<u64>,
    /// What is to be delivered.
    pub(crate) subscriptions: Vec<Subscription>,
    /// How.
    pub(crate) sender: HttpSender,
}

impl Background {
    /// Does all of it, for ever. When `stopping` completes, nobody is told of news any more, so that whoever waits for
    /// them ends his wait; the work itself goes on for the requests that are still in flight.
    pub(crate) async fn run(self, stopping: impl Future<Output = ()>) -> Infallible {
        let Self { auth, keeper, news, subscriptions, sender } = self;
        let spread_some = watch::Sender::new(());
        tokio::select! {
            never = follow(&auth, &keeper, news, stopping) => never,
            never = purge(&auth) => never,
            never = sweep(&auth) => never,
            never = spread(&auth, &subscriptions, &spread_some) => never,
            never = deliver_all(&auth, &subscriptions, &sender, &spread_some) => never,
            never = send_notices(&auth, spread_some.subscribe()) => never,
            never = send_tokens(&auth) => never,
        }
    }
}

async fn follow(
    auth: &Auth,
    keeper: &KeyKeeper,
    news: watch::Sender<u64>,
    stopping: impl Future<Output = ()>,
) -> Infallible {
    tokio::select! {
        never = follow_and_tell(auth, keeper, Some(&news)) => never,
        () = stopping => {
            drop(news);
            follow_and_tell(auth, keeper, None).await
        }
    }
}

async fn follow_and_tell(auth: &Auth, keeper: &KeyKeeper, news: Option<&watch::Sender<u64>>) -> Infallible {
    let mut trouble = Trouble::of(Work::Feed, "sessions that others end are not seen");
    loop {
        let found = auth.feed.follow().await;
        if let Ok(1..) = found {
            keeper.hear_news();
            if let Some(news) = news {
                news.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
        if trouble.note(&found) {
            // A store in trouble may say at once that it has changed, again and again.
            sleep(FOLLOW_EVERY).await;
            continue;
        }
        tokio::select! {
            () = auth.feed.changed() => {}
            () = sleep(FOLLOW_EVERY) => {}
        }
    }
}

async fn purge(auth: &Auth) -> Infallible {
    loop {
        sleep(PURGE_EVERY).await;
        auth.feed.purge();
    }
}

async fn sweep(auth: &Auth) -> Infallible {
    let mut trouble = Trouble::of(Work::Sweep, "rows that are needed no more are not removed");
    loop {
        let removed = auth.sweeper.sweep().await;
        trouble.note(&removed);
        sleep(if matches!(removed, Ok(1..)) { SWEEP_PAUSE } else { SWEEP_EVERY }).await;
    }
}

/// Finds new events, and tells those who deliver.
async fn spread(auth: &Auth, subscriptions: &[Subscription], some: &watch::Sender<()>) -> Infallible {
    let mut trouble = Trouble::of(Work::Deliveries, "events are spread to no webhook and no mail");
    loop {
        let spread = auth.webhooks.spread(subscriptions).await;
        trouble.note(&spread);
        if let Ok(1..) = spread {
            some.send_replace(());
        }
        sleep(DELIVER_EVERY).await;
    }
}

/// Each endpoint has a loop of its own.
async fn deliver_all(
    auth: &Auth,
    subscriptions: &[Subscription],
    sender: &HttpSender,
    spread_some: &watch::Sender<()>,
) -> Infallible {
    join_all(subscriptions.iter().map(|wanted| deliver(auth, &wanted.endpoint, sender, spread_some.subscribe()))).await;
    // There is no endpoint.
    pending().await
}

async fn deliver(
    auth: &Auth,
    endpoint: &Endpoint,
    sender: &HttpSender,
    mut spread_some: watch::Receiver<()>,
) -> Infallible {
    let mut trouble = Trouble::of(Work::Deliveries, "a webhook's deliveries are not made");
    loop {
        trouble.note(&auth.webhooks.deliver(endpoint, sender).await);
        some_or_later(&mut spread_some).await;
    }
}

async fn send_notices(auth: &Auth, mut spread_some: watch::Receiver<()>) -> Infallible {
    let mut trouble = Trouble::of(Work::Mail, "notices are not sent");
    loop {
        trouble.note(&auth.mails.send_notices().await);
        some_or_later(&mut spread_some).await;
    }
}

/// Waits until events have been spread, or until attempts that failed before may be due again.
async fn some_or_later(spread_some: &mut watch::Receiver<()>) {
    tokio::select! {
        Ok(()) = spread_some.changed() => {}
        () = sleep(DELIVER_EVERY) => {}
    }
}

async fn send_tokens(auth: &Auth) -> Infallible {
    let mut trouble = Trouble::of(Work::Mail, "mails with tokens are not sent");
    loop {
        trouble.note(&auth.mails.send_tokens().await);
        sleep(MAIL_EVERY).await;
    }
}

/// Tells once when work begins to fail, and once when it is over: not with every attempt.
pub(crate) struct Trouble {
    work: Work,
    what: &'static str,
    failing: bool,
}

impl Trouble {
    pub(crate) const fn of(work: Work, what: &'static str) -> Self {
        Self { work, what, failing: false }
    }

    /// Notes an attempt, and answers whether it failed.
    pub(crate) fn note<T>(&mut self, attempt: &Result<T, impl Display>) -> bool {
        match (attempt, self.failing) {
            (Err(error), false) => tracing::warn!(%error, "{}", self.what),
            (Ok(_), true) => tracing::info!("it is over that {}", self.what),
            _ => {}
        }
        if self.failing != attempt.is_err() {
            self.failing = attempt.is_err();
            self.work.fails(self.failing);
        }
        self.failing
    }
}
