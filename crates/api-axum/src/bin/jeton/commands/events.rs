//! `jeton events list`.

use auth_domain::model::EventQuery;

use super::control::{Control, say_if_cut};
use super::table;
use crate::cli::EventsAction;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::json;

pub(super) async fn run(config: Config, action: EventsAction) -> Result<(), Failure> {
    let EventsAction::List { user, listing } = action;
    Control::with(&config, async |control| {
        let account = match &user {
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
                        table::cell(event.presenter.user_agent.as_deref()),
                    ]
                })
                .collect();
            table::columns(["AT", "KIND", "USER", "SESSION", "BY", "ADDRESS", "PROGRAM"], &rows)?;
        }
        say_if_cut(more, listing.limit);
        Ok(())
    })
    .await
}
