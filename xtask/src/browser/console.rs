//! The console page from signing up to the last passkey, as one person uses it.

use serde_json::{Value, json};

use super::driver::Looks;
use super::page::{Page, Wanted};
use super::people::{give_password, is_in, is_out};
use super::stage::{App, NEW_PASSWORD, PASSWORD, Stage, check};
use crate::run::Failure;

const EMAIL: &str = "ada@example.com";
const FORGOTTEN: &str = "three blue herons by the water";

pub(super) fn play(stage: &Stage) -> Result<(), Failure> {
    stage.visit(Looks::LIGHT, |page| {
        an_account_is_made(stage, page)?;
        devices_are_ended(stage, page)?;
        the_password_is_changed(stage, page)
    })?;
    stage.visit(Looks::LIGHT, |page| {
        a_forgotten_password_is_set_anew(stage, page)?;
        let app = an_app_is_set_up(stage, page)?;
        codes_sign_in(stage, page, &app)?;
        a_passkey_signs_in(stage, page)
    })
}

fn an_account_is_made(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.open("/")?;
    page.link("Sign up")?;
    page.fill("Mail address", EMAIL)?;
    page.fill("Name", "Ada")?;
    page.fill("Password", "password")?;
    page.sees("easy to guess")?;
    page.button("Sign up")?;
    page.find(&Wanted { kind: "error", name: "", within: None })?;
    stage.show(page, "sign-up-refused", "Sign up: a password that would be guessed")?;
    page.fill("Password", PASSWORD)?;
    page.button("Sign up")?;
    is_in(page)?;
    check("an account is made, and signed in", page.text()?.contains(EMAIL))?;

    let link = stage.mailed_link("verify_email", EMAIL)?;
    page.open(&link)?;
    page.button("Confirm my address")?;
    page.sees("Your address is confirmed.")?;
    let address = page.script("return location.href;", &json!([]))?;
    check("the address is confirmed by the link in the mail", true)?;
    check("and its token is in no address bar", !address.as_str().unwrap_or_default().contains("token"))
}

fn devices_are_ended(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    // A browser of another person, or of the same one elsewhere.
    stage.visit(Looks::LIGHT, |other| {
        give_password(other, EMAIL, PASSWORD)?;
        is_in(other)?;
        page.open("/#/devices")?;
        page.sees("End all others")?;
        page.button_of("This device", "Rename")?;
        page.fill("Name", "Laptop")?;
        page.button("Save")?;
        page.sees("The device has its new name.")?;
        page.until("the new name", || Ok(page.text()?.contains("Laptop").then_some(())))?;
        check("a device is renamed", true)?;
        stage.show(page, "devices", "Devices: this one and another")?;
        page.button("End all others")?;
        page.button_of("signed out at once", "End all others")?;
        page.sees("No other device is signed in.")?;
        other.link("Activity")?;
        is_out(other)?;
        check("another browser is out once its session is ended", true)?;
        stage.show(other, "signed-out", "Sign in: this session was ended elsewhere")?;
        give_password(other, EMAIL, PASSWORD)?;
        is_in(other)?;
        page.open("/#/devices")?;
        page.button("End")?;
        page.button("End it")?;
        page.sees("was signed out.")?;
        other.link("Activity")?;
        is_out(other)?;
        check("one device is ended by itself", true)
    })?;
    page.link("Activity")?;
    page.sees("Session ended")?;
    page.sees("Address confirmed")?;
    check("what happened is among the security events", true)?;
    stage.show(page, "activity", "Activity: the security events")
}

fn the_password_is_changed(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.link("Password")?;
    page.fill("Current password", "not the one at all")?;
    page.fill("New password", NEW_PASSWORD)?;
    page.button("Change the password")?;
    page.find(&Wanted { kind: "error", name: "", within: None })?;
    page.fill("Current password", PASSWORD)?;
    page.button("Change the password")?;
    page.sees("Your password was changed")?;
    stage.post("/v1/login", None, json!({ "email": EMAIL, "password": PASSWORD }), 401)?;
    check("the password is changed, and the old one is good for nothing", true)?;
    page.button("Sign out")?;
    is_out(page)?;
    page.reload()?;
    is_out(page)?;
    check("who signs out is out, also after the page is loaded again", true)
}

fn a_forgotten_password_is_set_anew(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.open("/#/forgot-password")?;
    page.fill("Mail address", EMAIL)?;
    page.button("Send the link")?;
    page.sees("a mail is on its way")?;
    stage.show(page, "forgot-password", "A forgotten password: the mail is on its way")?;
    let link = stage.mailed_link("reset_password", EMAIL)?;
    page.open(&link)?;
    page.fill("New password", FORGOTTEN)?;
    stage.show(page, "reset-password", "A new password, by the link in the mail")?;
    page.button("Set the password")?;
    page.sees("Your new password holds")?;
    give_password(page, EMAIL, FORGOTTEN)?;
    is_in(page)?;
    check("a forgotten password is set anew by the link in the mail", true)
}

fn an_app_is_set_up(stage: &Stage, page: &Page<'_>) -> Result<App, Failure> {
    page.link("Second factor")?;
    page.button("Set up an app")?;
    page.sees("Scan this with the app")?;
    stage.show(page, "totp", "Second factor: an app is set up")?;
    let secret = page.script("return document.getElementById('totp-secret').textContent;", &json!([]))?;
    let app = App::with_secret(secret.as_str().unwrap_or_default())?;
    page.fill("Code from the app", "000000")?;
    page.button("Confirm")?;
    page.find(&Wanted { kind: "error", name: "", within: None })?;
    page.fill("Code from the app", &app.code())?;
    page.button("Confirm")?;
    page.sees("Your recovery codes")?;
    stage.show(page, "recovery-codes", "Second factor: recovery codes, shown once")?;
    check("an app is set up, and brings ten recovery codes", codes(page)?.len() == 10)?;
    Ok(app)
}

fn codes_sign_in(stage: &Stage, page: &Page<'_>, app: &App) -> Result<(), Failure> {
    let recovery = codes(page)?;
    page.button("I have kept them")?;
    page.sees("10 codes are left.")?;
    page.button("Sign out")?;
    is_out(page)?;
    give_password(page, EMAIL, FORGOTTEN)?;
    page.sees("One more proof")?;
    stage.show(page, "sign-in-second", "Sign in: the second factor")?;
    page.fill("Code", &app.next_code())?;
    page.button("Go on")?;
    is_in(page)?;
    check("a code of the app signs in after the password", true)?;
    page.button("Sign out")?;
    is_out(page)?;
    give_password(page, EMAIL, FORGOTTEN)?;
    page.fill("Code", recovery.first().map_or("", String::as_str))?;
    page.button("Go on")?;
    is_in(page)?;
    page.link("Second factor")?;
    page.sees("9 codes are left.")?;
    check("a recovery code does, once", true)
}

fn a_passkey_signs_in(stage: &Stage, page: &Page<'_>) -> Result<(), Failure> {
    page.button("Add a passkey")?;
    page.fill("Name", "Key ring")?;
    page.button("Go on")?;
    page.sees("The passkey was added.")?;
    page.until("the passkey", || Ok(page.text()?.contains("Key ring").then_some(())))?;
    check("a passkey is added", true)?;
    stage.show(page, "second-factor", "Second factor: an app, a passkey, recovery codes")?;
    page.button("Sign out")?;
    is_out(page)?;
    page.open("/#/sign-in")?;
    page.button("Sign in with a passkey")?;
    is_in(page)?;
    check("and signs in without a password", true)?;
    page.link("Second factor")?;
    page.button_of("Key ring", "Rename")?;
    page.fill("Name", "Old key ring")?;
    page.button("Go on")?;
    page.sees("The passkey has its new name.")?;
    page.button_of("Old key ring", "Remove")?;
    page.button_of("Remove the passkey?", "Remove")?;
    page.sees("The passkey was removed.")?;
    check("it is renamed and removed", true)?;
    page.link("Account")?;
    page.fill("Name", "Ada L.")?;
    page.button("Save")?;
    page.sees("Your name is saved.")?;
    stage.show(page, "account", "Account: name, address, and its end")?;
    page.button("Delete my account")?;
    page.fill_of("Delete your account?", "Password", FORGOTTEN)?;
    page.button("Delete it for good")?;
    page.sees("Your account was deleted.")?;
    let gone = !page.has(&Wanted { kind: "button", name: "Sign out", within: None })?;
    check("the account is deleted with its password", gone)
}

fn codes(page: &Page<'_>) -> Result<Vec<String>, Failure> {
    let read = "return [...document.querySelectorAll('#recovery-codes code')].map((code) => code.textContent);";
    let found = page.script(read, &json!([]))?;
    let found = found.as_array().cloned().unwrap_or_default();
    Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
