//! Every view once more, in English and Korean, each judged in light and dark.

use serde_json::{Value, json};

use super::driver::Looks;
use super::page::Page;
use super::people::is_in;
use super::stage::{PASSWORD, Stage, check};
use crate::run::Failure;

const GUIDE: &str = "guide@example.com";
/// Name and address. None has to be signed in.
const OUTSIDE: [(&str, &str); 8] = [
    ("sign-in", "/#/sign-in"),
    ("sign-up", "/#/sign-up"),
    ("forgot-password", "/#/forgot-password"),
    ("reset-password", "/#/reset-password?token=jot_none"),
    ("verify-email", "/#/verify-email?token=jot_none"),
    ("change-email", "/#/change-email?token=jot_none"),
    ("invite", "/#/invite?token=jot_none"),
    ("no-such-page", "/#/no-such-page"),
];
const INSIDE: [(&str, &str); 9] = [
    ("devices", "#/devices"),
    ("activity", "#/activity"),
    ("password", "#/password"),
    ("second-factor", "#/second-factor"),
    ("account", "#/account"),
    ("workshop", "#/workshop"),
    ("admin-users", "#/admin/users"),
    ("admin-events", "#/admin/events"),
    ("admin-keys", "#/admin/keys"),
];

pub(super) fn play(stage: &Stage) -> Result<(), Failure> {
    stage.operator(GUIDE)?;
    let token = stage.sign_in(GUIDE, "Guide")?;
    let id = stage.call("GET", "/v1/me", Some(&token), None, 200)?;
    let id = id.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    for looks in [Looks::DARK, Looks::KOREAN] {
        stage.visit(looks, |page| {
            for (name, path) in OUTSIDE {
                page.open(path)?;
                is_drawn(page, path)?;
                stage.show(page, name, &format!("Tour: {name}"))?;
            }
            sign_in(page)?;
            let user = format!("#/admin/user?id={id}");
            for (name, path) in INSIDE.into_iter().chain([("admin-user", user.as_str())]) {
                // As a link leads there: the page is not loaded anew.
                page.script("location.hash = arguments[0];", &json!([path]))?;
                is_drawn(page, path)?;
                stage.show(page, name, &format!("Tour: {name}"))?;
            }
            let language = page.script("return document.documentElement.lang;", &json!([]))?;
            check(&format!("every view is clean in {}", looks.name()), language == looks.language)
        })?;
    }
    Ok(())
}

/// Waits until the view of this path is there, whatever its language.
fn is_drawn(page: &Page<'_>, path: &str) -> Result<(), Failure> {
    let wanted = path.trim_start_matches(['/', '#']).split('?').next().unwrap_or_default();
    let drawn = "return document.querySelector('main')?.dataset.view === `/${arguments[0]}`;";
    page.until("the view", || Ok((page.script(drawn, &json!([wanted]))? == true).then_some(())))?;
    let refused = page.script("return document.querySelector('main #retry') !== null;", &json!([]))?;
    if refused == true {
        return Err(Failure::new(format!("{path} could not be loaded:\n{}", page.text()?)));
    }
    Ok(())
}

/// Signs in by the fields' own names, which no language changes.
fn sign_in(page: &Page<'_>) -> Result<(), Failure> {
    page.open("/#/sign-in")?;
    for (id, text) in [("field-email", GUIDE), ("field-password", PASSWORD)] {
        page.until("a field", || {
            let focus = "const field = document.getElementById(arguments[0]); field?.focus(); return field !== null;";
            Ok((page.script(focus, &json!([id]))? == true).then_some(()))
        })?;
        page.type_keys(text)?;
    }
    page.key("\u{E007}")?;
    is_in(page)
}
