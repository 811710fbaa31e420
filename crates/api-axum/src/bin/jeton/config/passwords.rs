//! Passwords in the settings: how long new ones must be, how dear a hash is, and where breached ones are looked up.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use auth_domain::credential::Argon2Settings;
use auth_domain::model::PasswordPolicy;

use super::reader::{Reader, quoted};
use crate::breach::{BreachFile, BreachSource, RangeUrl};

pub(super) fn policy(reader: &mut Reader) -> Option<PasswordPolicy> {
    reader.number("password.min_length", PasswordPolicy::FLOOR..=64).map(PasswordPolicy::new)
}

pub(super) fn argon2(reader: &mut Reader) -> Option<Argon2Settings> {
    let memory_kib = reader.number("password.memory_kib", 19_456..=262_144);
    let iterations = reader.number("password.iterations", 2..=16);
    let parallelism = reader.number("password.parallelism", 1..=16);
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = reader.number("password.threads", 1..=1_024);
    reader.derived("password.threads", cores.to_string());
    let queue = reader.number("password.queue", 1..=65_536);
    Some(Argon2Settings {
        memory_kib: memory_kib?,
        iterations: iterations?,
        parallelism: parallelism?,
        threads: threads.map_or(Some(cores), NonZeroUsize::new)?,
        queue: queue?,
    })
}

/// Where breached passwords are looked up, if anywhere.
pub(super) fn breaches(reader: &mut Reader) -> Option<BreachSource> {
    let list = |text: &str| {
        let path = PathBuf::from(text);
        let opened = BreachFile::open(&path).map(|_| path);
        opened.map_err(|error| format!("a sorted list of breached passwords: {error}"))
    };
    let file = reader.read("password.breach_file", list, |path| quoted(&path.display().to_string()));
    reader.derived("password.breach_file", quoted(""));
    let url = reader.read("password.breach_url", RangeUrl::parse, |url| quoted(url.as_str()));
    reader.derived("password.breach_url", quoted(""));
    match (file, url) {
        (Some(_), Some(_)) => {
            reader.problem(
                "password.breach_file and password.breach_url are both set; one place to look is enough".to_owned(),
            );
            None
        }
        (Some(path), None) => Some(BreachSource::File(path)),
        (None, Some(url)) => Some(BreachSource::Endpoint(url)),
        (None, None) => None,
    }
}
