//! The operators' views: users, their sessions, events, and signing keys.

use serde_json::json;

use super::driver::Looks;
use super::page::{Page, Wanted};
use super::people::sign_in;
use super::stage::{Stage, check};
use crate::run::Failure;

const OPERATOR: &str = "root@example.com";
/// More than one page of users.
const USERS: usize = 24;

pub(super) fn play(stage: &Stage) -> Result<(), Failure> {
    stage.operator(OPERATOR)?;
    for number in 1..=USERS {
        stage.account(&format!("user{number:02}@example.com"))?;
    }
    let bearer = stage.sign_in("user07@example.com", "Work laptop")?;
    stage.sign_in("user07@example.com", "Phone")?;
    stage.visit(Looks::LIGHT, |page| {
        sign_in(page, OPERATOR)?;
        users_are_found(stage, page)?;
        an_account_is_controlled(stage, page, &bearer)?;
        events_are_found(stage, page)?;
        keys_are_rotated_and_revoked(stage, page)
    })?;
    stage.visit(Looks::LIGHT, |page| {
        sign_in(page, "user03@example.com")?;
        let shown = page.has(&Wanted { kind: "link", name: "Users", within: None })?;
        check("nobody else is shown the operators' views", !shown)?;
        page.open("/#/admin/users")?;
        page.sees("Your account does not have the role that this page needs.")?;
        check("nor let in by their addresses", true)
    })
}

fn users_are_found(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.link("Users")?;
    page.sees("The first 20 accounts")?;
    page.button("Show more")?;
    page.until("the last user", || Ok(page.text()?.contains("user24@example.com").then_some(())))?;
    check("users are listed a page at a time", rows(page, "users")? > USERS)?;
    stage.show(page, "admin-users", "Operators: users")?;
    page.fill("Mail address begins with", "user07")?;
    page.button("Search")?;
    page.sees("1 account")?;
    check("and found by the beginning of their address", rows(page, "users")? == 1)?;
    page.fill("Mail address begins with", "nobody")?;
    page.button("Search")?;
    page.sees("No account has such an address.")?;
    page.button("Invite somebody")?;
    page.fill("Mail address", "guest@example.com")?;
    page.button("Send the invitation")?;
    page.sees("An invitation to guest@example.com is on its way.")?;
    let invited = stage.mailed_link("invite", "guest@example.com")?;
    check("somebody is invited, by a mail with a link", invited.starts_with("/#/invite?token="))
}

fn an_account_is_controlled(stage: &Stage, page: &Page<'_>, bearer: &str) -> Result<(), Failure> {
    page.fill("Mail address begins with", "user07")?;
    page.button("Search")?;
    page.link("user07@example.com")?;
    page.sees("Work laptop")?;
    stage.show(page, "admin-user", "Operators: one user, with sessions and events")?;
    page.button_of("Phone", "End")?;
    page.button("End it")?;
    page.until("one session less", || Ok((rows(page, "user-sessions")? == 1).then_some(())))?;
    check("one session of a user is ended", stage.call("GET", "/v1/me", Some(bearer), None, 200).is_ok())?;

    page.button("Change roles")?;
    page.fill("Roles", "support")?;
    page.button("Save")?;
    page.sees("The roles of user07@example.com are changed.")?;
    page.until("the role", || Ok(page.text()?.contains("support").then_some(())))?;
    check("roles are given", true)?;

    page.button("Disable")?;
    stage.show(page, "admin-confirm", "Operators: a question before an account is disabled")?;
    page.button_of("Disable this account?", "Disable")?;
    page.sees("user07@example.com is disabled.")?;
    page.sees("No device is signed in.")?;
    stage.call("GET", "/v1/me", Some(bearer), None, 401)?;
    check("an account is disabled, and its access token refused at once", true)?;
    page.button("Enable")?;
    page.button_of("Enable this account?", "Enable")?;
    page.sees("user07@example.com is enabled.")?;
    stage.sign_in("user07@example.com", "Work laptop").map(drop)?;
    check("and enabled again", true)?;

    page.link("All users")?;
    page.fill("Mail address begins with", "user08")?;
    page.button("Search")?;
    page.link("user08@example.com")?;
    page.button("Delete")?;
    page.button_of("Delete this account?", "Delete")?;
    page.sees("user08@example.com is deleted.")?;
    page.fill("Mail address begins with", OPERATOR)?;
    page.button("Search")?;
    page.link(OPERATOR)?;
    page.sees("This is your own account.")?;
    check("the operator's own account offers nothing that would lock him out", {
        !page.has(&Wanted { kind: "button", name: "Disable", within: None })?
    })
}

fn events_are_found(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.link("Events")?;
    page.sees("The newest 25 events")?;
    page.sees("a deleted account")?;
    stage.show(page, "admin-events", "Operators: events of all accounts")?;
    page.fill("Mail address", "user07@example.com")?;
    page.fill("What happened", "Account disabled")?;
    page.button("Search")?;
    page.sees("1 event")?;
    check("events are found by account and kind", rows(page, "events")? == 1 && page.text()?.contains("an operator"))?;
    page.fill("Mail address", "nobody@example.com")?;
    page.button("Search")?;
    page.sees("There is no such account.")?;
    check("an address that nobody has is said to be none", true)
}

fn keys_are_rotated_and_revoked(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.link("Signing keys")?;
    page.sees("Signs every new token.")?;
    page.until("a key that waits", || {
        if rows(page, "keys")? == 2 {
            return Ok(Some(()));
        }
        page.reload()?;
        Ok(None)
    })?;
    let before = kid_in_state(page, "Active")?;
    page.button("Rotate now")?;
    page.button_of("Rotate the signing key?", "Rotate now")?;
    page.sees("Verifiers may not have seen this key yet")?;
    stage.show(page, "admin-force", "Operators: what a forced rotation would break")?;
    page.button("Cancel")?;
    check("a rotation that would break something is refused, and says what", kid_in_state(page, "Active")? == before)?;
    page.button("Rotate now")?;
    page.button_of("Rotate the signing key?", "Rotate now")?;
    page.button("Do it all the same")?;
    page.sees("Another key signs now.")?;
    page.until("the old key to retire", || Ok((kid_in_state(page, "Retired")? == before).then_some(())))?;
    check("a key is rotated by force, and the old one retires", true)?;
    stage.show(page, "admin-keys", "Operators: signing keys and their life")?;
    page.button_of(&before, "Revoke")?;
    page.button_of("Revoke the key", "Revoke")?;
    page.sees("The key is revoked.")?;
    page.until("the old key to be revoked", || Ok((kid_in_state(page, "Revoked")? == before).then_some(())))?;
    check("a stolen key is revoked", true)
}

/// How many rows a table has, below its headings.
fn rows(page: &Page<'_>, table: &str) -> Result<usize, Failure> {
    let count = "return document.querySelectorAll(`#${arguments[0]} tbody tr`).length;";
    Ok(page.script(count, &json!([table]))?.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
}

/// The `kid` of the first key whose state is called so.
fn kid_in_state(page: &Page<'_>, state: &str) -> Result<String, Failure> {
    let find = "const row = [...document.querySelectorAll('#keys tbody tr')].find((row) =>
            row.querySelector('.tag').textContent === arguments[0]);
        return row?.dataset.key ?? '';";
    Ok(page.script(find, &json!([state]))?.as_str().unwrap_or_default().to_owned())
}
