//! The workshop: a token is shown, bent, rotated, repeated, presented by ten tabs, and replayed.

use serde_json::{Value, json};

use super::driver::Looks;
use super::page::Page;
use super::people::{give_password, is_in, sign_in};
use super::stage::{App, PASSWORD, Stage, check, text};
use crate::run::Failure;

pub(super) fn play(stage: &Stage) -> Result<(), Failure> {
    stage.account("wanda@example.com")?;
    stage.visit(Looks::LIGHT, |page| {
        sign_in(page, "wanda@example.com")?;
        page.link("Workshop")?;
        the_token_is_shown(stage, page)?;
        a_letter_is_changed(stage, page)?;
        a_session_is_practised_on(stage, page)
    })?;
    stage.visit(Looks::LIGHT, |page| second_factors_work_too(stage, page))
}

fn the_token_is_shown(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    for meaning in ["Which key: its fingerprint", "Whom it speaks of: your account.", "The session that it belongs to."]
    {
        page.sees(meaning)?;
    }
    let colours = "return new Set([...document.querySelectorAll('.token .part')].map((part) => getComputedStyle(part).color)).size;";
    check("the token's three parts are shown in three colours", page.script(colours, &json!([]))? == 3)?;
    let before = shown(page, "#countdown")?;
    page.until("a countdown that goes on", || Ok((shown(page, "#countdown")? != before).then_some(())))?;
    check("a countdown says how long it is still good", before.starts_with("Good for "))?;
    let token = shown(page, ".token")?;
    page.button("Fetch the next one now")?;
    page.until("another token", || Ok((shown(page, ".token")? != token).then_some(())))?;
    check("the next one takes its place", true)?;
    stage.show(page, "workshop", "The workshop: the access token, its claims, and what Jeton adds")
}

fn a_letter_is_changed(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.button("Verify it")?;
    page.sees("Both take it")?;
    check("browser and server verify the token as it is", page.text()?.contains("the signature is good."))?;
    page.button("Change one letter for me")?;
    page.sees("of the Payload is changed:")?;
    page.button("Verify it")?;
    page.sees("refused, 401 invalid_token.")?;
    check("a letter of the payload is changed, and the server refuses it", true)?;
    page.button("As it was")?;
    // By hand: the last but one letter of the signature.
    let bend = "const copy = document.getElementById('bent'); const at = copy.value.length - 2;
        const letter = copy.value[at] === 'A' ? 'B' : 'A';
        copy.focus(); copy.setSelectionRange(at, at + 1); return letter;";
    let letter = page.script(bend, &json!([]))?;
    page.type_keys(letter.as_str().unwrap_or_default())?;
    page.sees("of the Signature is changed:")?;
    page.button("Verify it")?;
    page.sees("the signature does not fit.")?;
    page.sees("refused, 401 invalid_token.")?;
    check("a letter of the signature is changed, and it fits neither in the browser nor at the server", true)?;
    stage.show(page, "workshop-bent", "The workshop: one letter is changed, and nobody takes the token")
}

fn a_session_is_practised_on(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.fill("Password", "not the password at all")?;
    page.button("Begin to practise")?;
    page.until("a refusal at the field", || {
        Ok((!shown(page, "#field-practice_password-error")?.is_empty()).then_some(()))
    })?;
    page.fill("Password", PASSWORD)?;
    page.button("Begin to practise")?;
    page.sees("Signed in: the session begins with T0")?;
    page.link("Devices")?;
    page.sees("workshop")?;
    page.link("Workshop")?;
    check("the practice session is a device of its own, and stays while one looks", chain(page)?.len() == 1)?;

    page.button("Present the first token again")?;
    page.button("Refresh")?;
    page.sees("T0 was presented: T1")?;
    page.button("Repeat the last refresh")?;
    page.sees("T0 was presented again: T1")?;
    let story = shown(page, "#story li:nth-child(3)")?;
    let prints = chain(page)?;
    check(
        "a repeated refresh gets the same successor",
        prints.len() == 2 && story.contains(prints.last().map_or("", String::as_str)),
    )?;

    page.button("Ten tabs at once")?;
    page.sees("10 answers, one successor.")?;
    let tabs = page
        .script("return [...document.querySelectorAll('.tabs code')].map((code) => code.textContent);", &json!([]))?;
    let tabs = tabs.as_array().cloned().unwrap_or_default();
    let newest = chain(page)?.pop().unwrap_or_default();
    check("ten tabs at once get one successor", tabs.len() == 10 && tabs.iter().all(|print| print == &json!(newest)))?;
    stage.show(page, "workshop-tabs", "The workshop: ten tabs at once, one successor")?;

    page.button("Present the first token again")?;
    page.sees("The replay was caught, and the session is ended.")?;
    let facts = shown(page, "#replay-facts")?;
    check("the old token is refused", facts.contains("refused, invalid_grant."))?;
    check("the newest token is told why", facts.contains("refused, session_revoked."))?;
    check("the access token's signature is still good, and its time is not over", {
        facts.contains("the signature is good. Good for ")
    })?;
    check("and yet the server refuses it at once", facts.contains("refused, 401 invalid_token."))?;
    check("the replay is among the security events", shown(page, "#replay-event")?.contains("refresh_replayed"))?;
    stage.show(page, "workshop-replay", "The workshop: the replay is caught, the session has ended")?;

    page.button("End the practice session")?;
    page.sees("Nothing that you do here touches the session")?;
    page.reload()?;
    is_in(page)?;
    check("the page's own session goes on", true)
}

fn second_factors_work_too(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    let email = "walter@example.com";
    stage.account(email)?;
    let token = stage.sign_in(email, "setup")?;
    let setup = stage.post("/v1/me/totp", Some(&token), json!({}), 200)?;
    let app = App::with_secret(&text(&setup, "secret")?)?;
    let confirmed = stage.post("/v1/me/totp/confirm", Some(&token), json!({ "code": app.code() }), 200)?;
    let recovery = confirmed.pointer("/recovery_codes/0").and_then(Value::as_str).unwrap_or_default().to_owned();
    give_password(page, email, PASSWORD)?;
    page.fill("Code", &app.next_code())?;
    page.button("Go on")?;
    is_in(page)?;
    page.open("/#/workshop")?;
    page.fill("Password", PASSWORD)?;
    page.button("Begin to practise")?;
    page.fill("Code", &recovery)?;
    page.button("Begin to practise")?;
    page.sees("Signed in: the session begins with T0")?;
    check("accounts with a second factor can practise", true)
}

/// The text of the first element that the selector finds; empty where there is none.
fn shown(page: &Page<'_>, selector: &str) -> Result<String, Failure> {
    let text = page.script("return document.querySelector(arguments[0])?.innerText ?? '';", &json!([selector]))?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// The fingerprints of the chain, oldest first.
fn chain(page: &Page<'_>) -> Result<Vec<String>, Failure> {
    let read = "return [...document.querySelectorAll('#chain code')].map((code) => code.textContent);";
    let prints = page.until("the chain", || {
        let found = page.script(read, &json!([]))?.as_array().cloned().unwrap_or_default();
        Ok((!found.is_empty()).then_some(found))
    })?;
    Ok(prints.iter().filter_map(|print| print.as_str().map(str::to_owned)).collect())
}
