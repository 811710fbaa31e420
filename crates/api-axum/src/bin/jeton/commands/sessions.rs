//! `jeton sessions list | revoke`.

use auth_domain::model::{SessionId, UserAgent};

use super::control::Control;
use super::{print, table};
use crate::cli::{SessionsAction, Who};
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::json;

pub(super) async fn run(config: Config, action: SessionsAction) -> Result<(), Failure> {
    Control::with(&config, async |control| match action {
        SessionsAction::List { who, json } => list(control, &who, json).await,
        SessionsAction::Revoke { all: Some(who), .. } => revoke_all(control, &who).await,
        SessionsAction::Revoke { id: Some(id), .. } => revoke(control, id).await,
        SessionsAction::Revoke { .. } => Err(Failure::usage("name a session, or an account by --all")),
    })
    .await
}

async fn list(control: &Control, who: &Who, json: bool) -> Result<(), Failure> {
    let account = control.account(who).await?;
    let sessions = control.auth.admin.sessions(account.id).await.doing("list the sessions")?;
    if json {
        return table::array(sessions.iter().map(json::session));
    }
    let rows: Vec<_> = sessions
        .iter()
        .map(|session| {
            let program = UserAgent::parse(session.presenter.user_agent.as_deref());
            [
                session.facts.session.to_string(),
                table::cell(session.device_name.as_deref()),
                session.device_class.to_string(),
                table::cell(program.browser),
                table::cell(program.system),
                table::cell(session.presenter.ip),
                session.created_at.to_string(),
                session.last_used_at.to_string(),
            ]
        })
        .collect();
    table::columns(["ID", "DEVICE", "CLASS", "PROGRAM", "SYSTEM", "ADDRESS", "OPENED", "LAST USED"], &rows)
}

async fn revoke(control: &Control, id: SessionId) -> Result<(), Failure> {
    let found = control.stores.sessions.get(id).await.doing("look for the session")?;
    let account = found.ok_or_else(|| Failure::new(format!("there is no session {id}")))?.facts.account;
    let ended = control.auth.admin.end_sessions(&control.operator, account, Some(id)).await;
    ended.doing(&format!("end the session {id}"))?;
    print(&format!("Ended the session {id}.\n"))
}

async fn revoke_all(control: &Control, who: &Who) -> Result<(), Failure> {
    let account = control.account(who).await?;
    let ended = control.auth.admin.end_sessions(&control.operator, account.id, None).await;
    let count = ended.doing("end the sessions")?;
    print(&format!("Ended {count} sessions of {}.\n", account.email.address()))
}
