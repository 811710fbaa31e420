//! `jeton events tail`: security events as JSON lines, and each new one when it comes.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;

use auth_domain::model::{AccountId, EventId, EventKind, EventQuery, SecurityEvent, Timestamp};

use crate::commands::control::Control;
use crate::failure::{Doing as _, Failure};
use crate::json;

/// How often the database is asked.
const EVERY: Duration = Duration::from_secs(1);
/// Two servers can commit in another order than that of their events' ids. An event is waited for that much longer than those after
/// it: far longer than a transaction takes.
const OUT_OF_ORDER: Duration = Duration::from_secs(10);
/// How many events are read at once.
const PAGE: u32 = 500;

pub(super) async fn run(
    control: &Control,
    account: Option<AccountId>,
    kinds: &[EventKind],
    lines: u32,
    follow: bool,
) -> Result<(), Failure> {
    let wanted = |event: &SecurityEvent| kinds.is_empty() || kinds.contains(&event.kind);
    let mut tail = Tail { control, account, seen: BTreeMap::new(), from: Timestamp::from_secs(0) };
    let mut open = Outlet::Open;
    for event in tail.latest(lines, wanted).await? {
        open = print(&event)?;
    }
    while follow && open == Outlet::Open {
        tokio::time::sleep(EVERY).await;
        for event in tail.news().await?.iter().filter(|event| wanted(event)) {
            open = print(event)?;
        }
    }
    Ok(())
}

struct Tail<'a> {
    control: &'a Control,
    account: Option<AccountId>,
    /// The events since `from` that were seen already.
    seen: BTreeMap<EventId, Timestamp>,
    /// Nothing new comes from before this.
    from: Timestamp,
}

impl Tail<'_> {
    /// The latest events that are wanted, the oldest first. From here on everything else is news.
    async fn latest(
        &mut self,
        lines: u32,
        wanted: impl Fn(&SecurityEvent) -> bool,
    ) -> Result<Vec<SecurityEvent>, Failure> {
        let most = usize::try_from(lines).unwrap_or(usize::MAX);
        let (mut found, mut before): (Vec<SecurityEvent>, _) = (Vec::new(), None);
        loop {
            let page = self.page(before).await?;
            if before.is_none() {
                let newest = page.first().map_or(Timestamp::from_secs(0), |event| event.at);
                self.from = newest.minus(OUT_OF_ORDER);
            }
            self.seen.extend(page.iter().filter(|event| event.at >= self.from).map(|event| (event.id, event.at)));
            before = page.last().map(|event| event.id);
            let oldest = page.last().map(|event| event.at);
            found.extend(page.into_iter().filter(&wanted));
            let enough = found.len() >= most && oldest.is_some_and(|oldest| oldest < self.from);
            if enough || oldest.is_none() {
                break;
            }
        }
        found.truncate(most);
        found.reverse();
        Ok(found)
    }

    /// The events that were not seen yet, the oldest first.
    async fn news(&mut self) -> Result<Vec<SecurityEvent>, Failure> {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = self.page(before).await?;
            before = page.last().map(|event| event.id);
            let over = page.last().is_none_or(|oldest| oldest.at < self.from);
            let unseen = |event: &SecurityEvent| event.at >= self.from && !self.seen.contains_key(&event.id);
            found.extend(page.into_iter().filter(unseen));
            if over {
                break;
            }
        }
        self.seen.extend(found.iter().map(|event: &SecurityEvent| (event.id, event.at)));
        if let Some(newest) = self.seen.values().max() {
            self.from = self.from.max(newest.minus(OUT_OF_ORDER));
        }
        let from = self.from;
        self.seen.retain(|_, at| *at >= from);
        found.reverse();
        Ok(found)
    }

    async fn page(&self, before: Option<EventId>) -> Result<Vec<SecurityEvent>, Failure> {
        let query = EventQuery { account: self.account, before, limit: PAGE };
        self.control.auth.admin.events(query).await.doing("read the events")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outlet {
    Open,
    Closed,
}

fn print(event: &SecurityEvent) -> Result<Outlet, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(format!("{}\n", json::event(event)).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Outlet::Open),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outlet::Closed),
        Err(error) => Err(error).doing("write to standard output"),
    }
}
