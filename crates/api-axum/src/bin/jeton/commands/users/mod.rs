//! `jeton users`: accounts, in the database directly.

mod create;
mod import;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use auth_domain::model::{Account, AccountQuery, DisplayName, EmailAddress, Locale, Role};

use super::control::{Control, say_if_cut};
use super::{print, table};
use crate::cli::{Listing, RoleChange, UsersAction, Who};
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::json;

pub(super) async fn run(config: Config, action: UsersAction) -> Result<(), Failure> {
    match action {
        UsersAction::Create { email, admin, display_name, locale, password_stdin } => {
            create::run(&config, &email, admin, display_name.as_deref(), locale, password_stdin).await
        }
        UsersAction::Invite { email, locale } => {
            Control::sealing(&config, async |control| invite(control, &email, locale).await).await
        }
        UsersAction::Import { file, format, dry_run, report } => {
            import::run(&config, &file, format, dry_run, report.as_deref()).await
        }
        UsersAction::RemoveFactors { who, yes } => {
            Control::with(&config, async |control| remove_factors(control, &who, yes).await).await
        }
        UsersAction::List { email, listing } => {
            Control::with(&config, async |control| list(control, &email, listing).await).await
        }
        UsersAction::Disable { who } => Control::with(&config, async |control| disable(control, &who).await).await,
        UsersAction::Enable { who } => Control::with(&config, async |control| enable(control, &who).await).await,
        UsersAction::Role { who, change, role } => {
            Control::with(&config, async |control| set_role(control, &who, change, role).await).await
        }
        UsersAction::Delete { who, yes } => {
            Control::with(&config, async |control| delete(control, &who, yes).await).await
        }
    }
}

/// How many accounts are read at once.
const PAGE: u32 = 500;

async fn list(control: &Control, prefix: &str, listing: Listing) -> Result<(), Failure> {
    let most = usize::try_from(listing.limit).unwrap_or(usize::MAX);
    let mut accounts: Vec<Account> = Vec::new();
    loop {
        let after = accounts.last().map(|account| account.email.canonical().to_owned());
        let query = AccountQuery { prefix: canonical(prefix), after, limit: PAGE };
        let page = control.auth.admin.search(query).await.doing("list the accounts")?;
        let last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        accounts.extend(page);
        if last || accounts.len() > most {
            break;
        }
    }
    let more = accounts.len() > most;
    accounts.truncate(most);
    if listing.json {
        table::array(accounts.iter().map(json::account))?;
    } else {
        let rows: Vec<_> = accounts
            .iter()
            .map(|account| {
                [
                    account.id.to_string(),
                    account.email.address().to_owned(),
                    table::cell(account.display_name.as_ref().map(DisplayName::as_str)),
                    table::cell(Some(names(&account.roles))),
                    account.created_at.to_string(),
                    table::cell(account.disabled_at),
                ]
            })
            .collect();
        table::columns(["ID", "EMAIL", "NAME", "ROLES", "CREATED", "DISABLED"], &rows)?;
    }
    say_if_cut(more, listing.limit);
    Ok(())
}

/// The form in which addresses are compared, as far as it can be told of the beginning of one.
fn canonical(prefix: &str) -> String {
    EmailAddress::parse(prefix).map_or_else(|_| prefix.trim().to_lowercase(), |whole| whole.canonical().to_owned())
}

async fn disable(control: &Control, who: &Who) -> Result<(), Failure> {
    let account = control.account(who).await?;
    let email = account.email.address();
    control.auth.admin.disable(&control.operator, account.id).await.doing(&format!("disable {email}"))?;
    print(&format!("Disabled {email}; its sessions have ended.\n"))
}

async fn enable(control: &Control, who: &Who) -> Result<(), Failure> {
    let account = control.account(who).await?;
    let email = account.email.address();
    control.auth.admin.enable(&control.operator, account.id).await.doing(&format!("enable {email}"))?;
    print(&format!("Enabled {email}; it can sign in again.\n"))
}

async fn set_role(control: &Control, who: &Who, change: RoleChange, role: Role) -> Result<(), Failure> {
    let Account { id, email, mut roles, .. } = control.account(who).await?;
    roles.retain(|held| *held != role);
    if change == RoleChange::Add {
        roles.push(role);
    }
    let changed = control.auth.admin.set_roles(&control.operator, id, roles).await.doing("change the roles")?;
    let roles = names(&changed.roles);
    let has = if roles.is_empty() { "no role".to_owned() } else { format!("the roles: {roles}") };
    print(&format!("{} has {has}.\n", email.address()))
}

async fn delete(control: &Control, who: &Who, yes: bool) -> Result<(), Failure> {
    let account = control.account(who).await?;
    let email = account.email.address();
    if !yes {
        confirm(email, "this deletes the account and its sessions for good")?;
    }
    control.auth.admin.delete(&control.operator, account.id).await.doing(&format!("delete {email}"))?;
    print(&format!("Deleted {email} and its sessions; its events stay under {}.\n", account.id))
}

async fn invite(control: &Control, email: &EmailAddress, locale: Locale) -> Result<(), Failure> {
    let address = email.address();
    control.auth.admin.invite(email, locale).await.doing(&format!("invite {address}"))?;
    print(&format!("An invitation for {address} is written; a running server mails it.\n"))
}

async fn remove_factors(control: &Control, who: &Who, yes: bool) -> Result<(), Failure> {
    let account = control.account(who).await?;
    let email = account.email.address();
    if !yes {
        confirm(email, "this leaves the password as the only proof of who signs in")?;
    }
    let removed = control.auth.admin.remove_factors(&control.operator, account.id).await;
    match removed.doing(&format!("remove the second factors of {email}"))? {
        0 => print(&format!("{email} has no second factor.\n")),
        1 => print(&format!("Removed 1 second factor of {email}.\n")),
        removed => print(&format!("Removed {removed} second factors of {email}.\n")),
    }
}

/// Asks on the terminal; where there is none, `--yes` has to say it.
fn confirm(email: &str, consequence: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{email}: {consequence}; say that you mean it with --yes")));
    }
    let question = format!("{email}: {consequence}. Write the address again to go on: ");
    let mut answer = String::new();
    let asked = io::stderr().lock().write_all(question.as_bytes());
    asked.and_then(|()| io::stdin().lock().read_line(&mut answer)).doing("ask")?;
    if answer.trim() == email { Ok(()) } else { Err(Failure::new("that is another address; nothing was done")) }
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ")
}
