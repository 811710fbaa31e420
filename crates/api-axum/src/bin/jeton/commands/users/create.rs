//! `jeton users create`: an account, written to the database directly.

use std::io::{self, BufRead as _, IsTerminal as _};

use auth_domain::account::{RegisterRequest, Registered, RegisteredBy};
use auth_domain::model::{DisplayName, Locale, Presenter, Role};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::control::Control;
use super::super::print;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};

pub(super) async fn run(
    config: &Config,
    email: &str,
    admin: bool,
    display_name: Option<&str>,
    locale: Locale,
    password_stdin: bool,
) -> Result<(), Failure> {
    let display_name = display_name.map(DisplayName::new).transpose().doing("take the display name")?;
    let roles = if admin { vec![Role::new(Role::ADMIN).doing("give the role")?] } else { Vec::new() };
    let password = if password_stdin { from_stdin()? } else { from_prompt(email)? };

    Control::with(config, async |control| {
        let request = RegisterRequest {
            email,
            password: Some(&password),
            display_name,
            roles,
            locale,
            by: RegisteredBy::Operator,
            presenter: Presenter::default(),
        };
        let registered = control.auth.accounts.register(request).await;
        let Registered::Created(account) = registered.doing(&format!("create an account for {email}"))? else {
            return print("A mail says how to go on.\n");
        };
        let role = if admin { ", with the role admin" } else { "" };
        print(&format!("Created the account {} for {}{role}.\n", account.id, account.email.address()))
    })
    .await
}

fn from_stdin() -> Result<SecretString, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).doing("read the password from standard input")?;
    let password = line.strip_suffix('\n').map_or(line.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if password.is_empty() {
        return Err(Failure::usage("standard input holds no password; write it as its first line"));
    }
    Ok(SecretString::from(password))
}

fn from_prompt(email: &str) -> Result<SecretString, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask for the password; give it by --password-stdin"));
    }
    let ask = |prompt: String| rpassword::prompt_password(prompt).map(SecretString::from).doing("read the password");
    let first = ask(format!("Password for {email}: "))?;
    let second = ask("The same again: ".to_owned())?;
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(Failure::usage("the two passwords differ; nothing was created"))
    }
}
