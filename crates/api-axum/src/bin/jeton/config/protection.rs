//! What protects accounts, in the settings: who may register, how attempts are throttled, how recent a login must be, and which
//! sites passkeys are for.

use std::time::Duration;

use auth_domain::model::{EmailAddress, RegistrationMode, RegistrationPolicy, ThrottlePolicy};
use reqwest::Url;

use super::reader::{Reader, quoted};
use super::{DAY, SECOND};
use crate::passkeys::{PasskeySettings, Passkeys, offers_passkeys};

/// Where failed attempts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThrottleStore {
    /// Where all servers of the database see them: in it on `PostgreSQL`, in memory on `SQLite`, whose server is alone.
    Auto,
    /// In each server's memory.
    Memory,
    /// In the database.
    Database,
}

pub(super) fn registration(reader: &mut Reader) -> Option<RegistrationPolicy> {
    let modes: Vec<_> = RegistrationMode::ALL.iter().map(|mode| (mode.as_str(), *mode)).collect();
    let mode = reader.choice("registration.mode", &modes);
    let domains = reader.list("registration.domains", domain);
    let require_verified_email = reader.flag("registration.require_verified_email");
    Some(RegistrationPolicy { mode: mode?, domains: domains?, require_verified_email: require_verified_email? })
}

/// A mail domain in the form in which addresses are compared.
fn domain(text: &str) -> Result<String, String> {
    let address = EmailAddress::parse(&format!("a@{text}")).ok().filter(|_| !text.contains('@'));
    let domain = address.and_then(|address| address.canonical().rsplit_once('@').map(|(_, domain)| domain.to_owned()));
    domain.ok_or_else(|| "mail domains, such as example.com".to_owned())
}

pub(super) fn throttle(reader: &mut Reader) -> Option<(ThrottlePolicy, ThrottleStore)> {
    let enabled = reader.flag("throttle.enabled");
    let mut free = |key| reader.number(key, 1..=1_000_000);
    let (account, device) = (free("throttle.account_free"), free("throttle.device_free"));
    let (network, mail) = (free("throttle.network_free"), free("throttle.mail_free"));
    let stores =
        [("auto", ThrottleStore::Auto), ("memory", ThrottleStore::Memory), ("database", ThrottleStore::Database)];
    let store = reader.choice("throttle.store", &stores);
    let policy = ThrottlePolicy {
        enabled: enabled?,
        account_free: account?,
        device_free: device?,
        network_free: network?,
        mail_free: mail?,
    };
    Some((policy, store?))
}

pub(super) fn recent_login(reader: &mut Reader) -> Option<Duration> {
    reader.duration("accounts.recent_login", SECOND..=DAY)
}

pub(super) fn passkeys(reader: &mut Reader, issuer: Option<&str>) -> Option<PasskeySettings> {
    let rp_id = reader.text("passkeys.rp_id", rp_id);
    reader.derived("passkeys.rp_id", quoted("<the issuer's host>"));
    let origins =
        if reader.is_set("passkeys.origins") { reader.list("passkeys.origins", origin) } else { Some(Vec::new()) };
    reader.derived("passkeys.origins", quoted("<the issuer's>"));
    let settings = PasskeySettings { rp_id, origins: origins? };
    // Where nobody says the issuer, it follows from an address that is no name: then only what is set counts.
    if let Err(error) = Passkeys::of(&settings, issuer.unwrap_or_default(), "") {
        reader.problem(error.to_string());
    }
    Some(settings)
}

fn rp_id(text: &str) -> Result<String, String> {
    let url = format!("https://{text}").parse::<Url>().ok();
    let good = url.is_some_and(|url| url.domain() == Some(text) && url.port().is_none());
    if good { Ok(text.to_owned()) } else { Err("a domain in lower case, such as example.com".to_owned()) }
}

fn origin(text: &str) -> Result<Url, String> {
    let url = text.parse::<Url>().ok().filter(|url| url.origin().ascii_serialization() == text);
    let wanted = || "origins that browsers offer passkeys to, such as https://login.example.com".to_owned();
    url.filter(offers_passkeys).ok_or_else(wanted)
}
