//! The configuration: what follows from the settings, each good by itself.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use reqwest::Url;
use store_diesel::Engine;

use super::finding::Finding;
use crate::cli::Settings;
use crate::config::{Config, Shown, ThrottleStore};
use crate::loopback::is_loopback;
use crate::passkeys::Passkeys;

pub(super) fn check(settings: &Settings, config: &Config) -> Vec<Finding> {
    let mut found = vec![sources(config)];
    found.extend(file(settings, config));
    found.extend(flags(settings, config));
    found.push(issuer(config));
    found.push(Finding::ok("configuration.audience", format!("tokens are for the audience {}", config.audience)));
    found.push(passkeys(config));
    found.push(throttle(config));
    found.push(log(config));
    found.extend(server_timing(config));
    found
}

/// A setting as `jeton config show` prints it.
pub(super) fn shown<'a>(config: &'a Config, key: &str) -> Option<&'a Shown> {
    config.shown.iter().find(|shown| shown.key == key)
}

/// The issuer's address, where the operator says it.
pub(super) fn issuer_url(config: &Config) -> Option<Url> {
    config.issuer.as_deref().and_then(|issuer| issuer.parse().ok())
}

/// Whether the tokens of this server are for others than this machine.
pub(super) fn is_public(config: &Config) -> bool {
    match issuer_url(config) {
        Some(url) => !url.host_str().is_some_and(is_loopback),
        None => !config.listen.ip().is_loopback(),
    }
}

fn sources(config: &Config) -> Finding {
    let changed = config.shown.iter().filter(|shown| shown.source != "default").count();
    Finding::ok(
        "configuration.settings",
        match changed {
            0 => "every setting has its default".to_owned(),
            1 => "the settings are good; 1 is not the default".to_owned(),
            _ => format!("the settings are good; {changed} are not the default"),
        },
    )
}

/// A file with secrets in it that others can read.
fn file(settings: &Settings, config: &Config) -> Option<Finding> {
    let path = settings.config.clone().unwrap_or_else(|| PathBuf::from("jeton.toml"));
    let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o7777;
    let here = path.display().to_string();
    let is_secret = |shown: &&Shown| match shown.key {
        "master_key" | "mail.password" | "traces.otlp_endpoint" => true,
        "database_url" => config.database_url.has_password(),
        "webhooks" => !config.webhooks.is_empty(),
        _ => false,
    };
    let secrets: Vec<_> =
        config.shown.iter().filter(|shown| shown.source == here).filter(is_secret).map(|shown| shown.key).collect();
    if secrets.is_empty() {
        return Some(Finding::ok("configuration.file", format!("{here} is read; no secret stands in it")));
    }
    let secrets = secrets.join(", ");
    let others = 0o007;
    Some(if mode & others == 0 {
        Finding::ok("configuration.file", format!("{here} is read; others cannot read the secrets in it ({secrets})"))
    } else {
        Finding::problem(
            "configuration.file",
            format!("{here} holds {secrets}, and every user of the machine can read it (mode {mode:o})"),
            format!("chmod 600 {here}, or move the secrets to files of their own (JETON_MASTER_KEY_FILE and the like)"),
        )
    })
}

fn flags(settings: &Settings, config: &Config) -> Option<Finding> {
    (settings.database_url.is_some() && config.database_url.has_password()).then(|| {
        Finding::advice(
            "configuration.flags",
            "the database's password is in a flag, which every user of the machine can read",
            "give it by JETON_DATABASE_URL or JETON_DATABASE_URL_FILE",
        )
    })
}

fn issuer(config: &Config) -> Finding {
    const CHECK: &str = "configuration.issuer";
    const SET: &str = "set issuer to the https address that clients use (JETON_ISSUER=https://login.example.com)";
    let for_others = !config.listen.ip().is_loopback();
    let Some(issuer) = &config.issuer else {
        let what = format!("no issuer is set, so tokens name http://{}", config.listen);
        return if for_others {
            Finding::problem(CHECK, format!("{what}, which is no address of a server"), SET)
        } else {
            Finding::advice(CHECK, format!("{what}: good on this machine alone"), SET)
        };
    };
    let url = issuer_url(config);
    let here = url.as_ref().and_then(Url::host_str).is_some_and(is_loopback);
    let is_https = url.as_ref().is_some_and(|url| url.scheme() == "https");
    if here && for_others {
        let what = format!("tokens name {issuer}, this machine, but the server listens for others ({})", config.listen);
        Finding::problem(CHECK, what, SET)
    } else if !here && !is_https {
        let what = format!("the issuer {issuer} is not https: passwords and tokens travel in the clear");
        Finding::problem(CHECK, what, "put a proxy with TLS before the server, and set issuer to its https address")
    } else {
        Finding::ok(CHECK, format!("tokens name the issuer {issuer}"))
    }
}

fn passkeys(config: &Config) -> Finding {
    const CHECK: &str = "configuration.passkeys";
    let issuer = config.issuer.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    match Passkeys::of(&config.passkeys, &issuer, &config.policies.product) {
        Ok(Some(_)) => Finding::ok(CHECK, "passkeys are possible"),
        _ => Finding::advice(
            CHECK,
            format!("passkeys are off: browsers offer none to {issuer}"),
            "they need an https issuer with a name; to try them here, http://localhost and the port",
        ),
    }
}

fn throttle(config: &Config) -> Finding {
    const CHECK: &str = "configuration.throttle";
    if !config.policies.throttle.enabled {
        let what = "throttling is off: passwords can be guessed as fast as the server answers";
        let todo = "set throttle.enabled = true";
        return if is_public(config) {
            Finding::problem(CHECK, what, todo)
        } else {
            Finding::advice(CHECK, what, todo)
        };
    }
    if config.throttle_store == ThrottleStore::Memory && config.database_url.engine() == Engine::Postgres {
        return Finding::advice(
            CHECK,
            "each server counts failed attempts for itself: with three, a guesser has three times as many",
            "set throttle.store = \"auto\", unless there is one server alone",
        );
    }
    Finding::ok(CHECK, "failed attempts make further ones wait")
}

fn log(config: &Config) -> Finding {
    const CHECK: &str = "configuration.log";
    let level = shown(config, "log.level").map(|shown| shown.value.trim_matches('"')).unwrap_or_default();
    match level {
        "debug" | "trace" => {
            Finding::advice(CHECK, format!("the log's level is {level}: much is written"), "set log.level = \"info\"")
        }
        "error" => {
            Finding::advice(CHECK, "the log's level is error: warnings are not written", "set log.level = \"info\"")
        }
        level => Finding::ok(CHECK, format!("the log's level is {level}")),
    }
}

fn server_timing(config: &Config) -> Option<Finding> {
    (config.http.server_timing && is_public(config)).then(|| {
        Finding::problem(
            "configuration.server_timing",
            "answers tell strangers how long their parts took, which helps attacks on times",
            "set http.server_timing = false",
        )
    })
}

/// Whether an address is one that other machines reach.
pub(super) fn is_reachable_from_outside(ip: IpAddr) -> bool {
    !ip.is_loopback()
}
