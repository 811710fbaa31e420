//! What people do on the page before anything else.

use serde_json::json;

use super::page::Page;
use super::stage::PASSWORD;
use crate::run::Failure;

/// Signs in with the password alone.
pub(super) fn sign_in(page: &Page<'_>, email: &str) -> Result<(), Failure> {
    give_password(page, email, PASSWORD)?;
    is_in(page)
}

/// Fills in the first half of a login.
pub(super) fn give_password(page: &Page<'_>, email: &str, password: &str) -> Result<(), Failure> {
    page.open("/#/sign-in")?;
    page.fill("Mail address", email)?;
    page.fill("Password", password)?;
    page.button("Sign in")
}

/// Waits until somebody is signed in.
pub(super) fn is_in(page: &Page<'_>) -> Result<(), Failure> {
    page.until("that somebody is signed in", || {
        let there = page.script("return document.getElementById('sign-out') !== null;", &json!([]))?;
        Ok((there == true).then_some(()))
    })
}

/// Waits until nobody is.
pub(super) fn is_out(page: &Page<'_>) -> Result<(), Failure> {
    page.until("that nobody is signed in", || {
        let out =
            "return document.getElementById('sign-out') === null && document.querySelector('main form') !== null;";
        Ok((page.script(out, &json!([]))? == true).then_some(()))
    })
}
