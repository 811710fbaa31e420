//! `jeton events list | tail`.

mod tail;

use auth_domain::model::EventQuery;

use super::control::{Control, say_if_cut};
use super::table;
use crate::cli::{EventsAction, Listing, Who};
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::json;

pub(super) async fn run(config: Config, action: EventsAction) -> Result<(), Failure> {
    Control::with(&config, async |control| match action {
        EventsAction::List { user, listing } => list(control, user.as_ref(), listing).await,
        EventsAction::Tail { account, kinds, lines, follow: _, no_follow } => {
            let account = match &account {
                Some(who) => Some(control.id(who).await?),
                None => None,
            };
            tail::run(control, account, &kinds, lines, !no_follow).await
        }
    })
    .await
}

async fn list(control: &Control, user: Option<&Who>, listing: Listing) -> Result<(), Failure> {
    let account = match user {
        Some(who) => Some(control.id(who).await?),
        None => None,
    };
    let query = EventQuery { account, before: None, limit: listing.limit.saturating_add(1) };
    let mut events = control.auth.admin.events(query).await.doing("list the events")?;
    let most = usize::try_from(listing.limit).unwrap_or(usize::MAX);
    let more = events.len() > most;
    events.truncate(most);
    if listing.json {
        table::array(events.iter().map(json::event))?;
    } else {
        let rows: Vec<_> = events
            .iter()
            .map(|event| {
                [
                    event.at.to_string(),
                    event.kind.as_str().to_owned(),
                    event.account.to_string(),
                    table::cell(event.session),
                    event.actor.as_str().to_owned(),
                    table::cell(event.presenter.ip),
                    table::cell(event.detail.as_deref()),
                    table::cell(event.presenter.user_agent.as_deref()),
                ]
            })
            .collect();
        table::columns(["AT", "KIND", "USER", "SESSION", "BY", "ADDRESS", "DETAIL", "PROGRAM"], &rows)?;
    }
    say_if_cut(more, listing.limit);
    Ok(())
}
