//! Every key of the configuration, in the order in which they are shown.

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name in `jeton.toml`, with dots between tables.
    pub(crate) name: &'static str,
    /// What holds where nobody says otherwise; `None` where that follows from other settings or the machine.
    pub(crate) default: Option<&'static str>,
    /// Whether its value is never shown, and can be read from a file that `JETON_…_FILE` names.
    pub(crate) secret: bool,
    /// What the file may write beside a text or a number.
    pub(crate) form: Form,
}

/// What the file may write for a key beside a text or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing.
    Plain,
    /// `true` or `false`.
    Flag,
    /// A list of texts; in a text they are separated by commas.
    List,
}

const fn key(name: &'static str, default: &'static str) -> Key {
    Key { name, default: Some(default), secret: false, form: Form::Plain }
}

const fn flag(name: &'static str, default: &'static str) -> Key {
    Key { name, default: Some(default), secret: false, form: Form::Flag }
}

const fn list(name: &'static str) -> Key {
    Key { name, default: Some(""), secret: false, form: Form::List }
}

const fn derived(name: &'static str) -> Key {
    Key { name, default: None, secret: false, form: Form::Plain }
}

const fn derived_list(name: &'static str) -> Key {
    Key { name, default: None, secret: false, form: Form::List }
}

const fn secret(name: &'static str) -> Key {
    Key { name, default: None, secret: true, form: Form::Plain }
}

/// The keys.
pub(crate) const KEYS: &[Key] = &[
    key("listen", "127.0.0.1:8080"),
    key("data_dir", "./jeton-data"),
    secret("database_url"),
    key("database.connections", "16"),
    key("database.queue", "1024"),
    key("database.wait", "5s"),
    secret("master_key"),
    derived("issuer"),
    key("audience", "jeton"),
    key("product", "Jeton"),
    key("tokens.access_ttl", "15m"),
    key("tokens.algorithm", "EdDSA"),
    key("tokens.rotate_every", "30d"),
    key("tokens.jwks_max_age", "5m"),
    key("tokens.key_margin", "60s"),
    key("tokens.verified_cache", "10000"),
    key("refresh.idle", "14d"),
    key("refresh.absolute", "90d"),
    key("refresh.retry_window", "30s"),
    key("sessions.max_per_account", "0"),
    key("sessions.on_limit", "evict_oldest"),
    key("sessions.per_class.web", "0"),
    key("sessions.per_class.mobile", "0"),
    key("sessions.per_class.desktop", "0"),
    key("sessions.per_class.cli", "0"),
    key("registration.mode", "open"),
    list("registration.domains"),
    flag("registration.require_verified_email", "false"),
    key("accounts.recent_login", "15m"),
    key("retention.sessions", "30d"),
    key("retention.events", "365d"),
    key("password.min_length", "15"),
    key("password.memory_kib", "19456"),
    key("password.iterations", "2"),
    key("password.parallelism", "1"),
    derived("password.threads"),
    key("password.queue", "256"),
    derived("password.breach_file"),
    derived("password.breach_url"),
    flag("throttle.enabled", "true"),
    key("throttle.account_free", "5"),
    key("throttle.device_free", "10"),
    key("throttle.network_free", "50"),
    key("throttle.mail_free", "5"),
    key("throttle.store", "auto"),
    derived("passkeys.rp_id"),
    derived_list("passkeys.origins"),
    derived("mail.host"),
    derived("mail.port"),
    key("mail.encryption", "starttls"),
    derived("mail.user"),
    secret("mail.password"),
    derived("mail.from"),
    key("mail.timeout", "20s"),
    derived("mail.templates"),
    derived("mail.links.verify_email"),
    derived("mail.links.reset_password"),
    derived("mail.links.change_email"),
    derived("mail.links.invite"),
    key("http.request_timeout", "30s"),
    key("http.header_timeout", "10s"),
    key("http.max_connections", "4096"),
    key("http.shutdown_timeout", "30s"),
    list("http.trusted_proxies"),
    key("http.max_feed_readers", "1024"),
    flag("http.server_timing", "false"),
    flag("console.enabled", "true"),
    derived("metrics.listen"),
    secret("traces.otlp_endpoint"),
    key("traces.sample_ratio", "1"),
    key("log.format", "auto"),
    key("log.level", "info"),
];

/// What every environment variable of the configuration begins with.
pub(crate) const PREFIX: &str = "JETON_";
/// What the name of a variable ends with that names a file.
pub(crate) const FILE_SUFFIX: &str = "_FILE";

impl Key {
    /// The key of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('.', "__").to_uppercase())
    }
}

/// Whether a table of that name holds keys.
pub(crate) fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// The key that somebody who wrote `name` may have meant: one that is spelled alike, or the same key without its table.
pub(crate) fn meant(name: &str) -> Option<&'static Key> {
    let last = |name: &str| name.rsplit('.').next().map(str::to_owned).unwrap_or_default();
    let distance = |key: &Key| {
        let whole = strsim::damerau_levenshtein(name, key.name);
        let bare = strsim::damerau_levenshtein(&last(name), &last(key.name)).saturating_add(1);
        whole.min(bare)
    };
    let closest = KEYS.iter().min_by_key(|key| distance(key))?;
    (distance(closest) <= (last(name).len() / 3).clamp(1, 3)).then_some(closest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_nearly_right_is_recognised() {
        for (written, expected) in [
            ("lisen", Some("listen")),
            ("tokens.acess_ttl", Some("tokens.access_ttl")),
            ("access_ttl", Some("tokens.access_ttl")),
            ("tokens_access_ttl", Some("tokens.access_ttl")),
            ("token.access_ttl", Some("tokens.access_ttl")),
            ("session.max_per_account", Some("sessions.max_per_account")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(meant(written).map(|key| key.name), expected, "{written}");
        }
    }

    #[test]
    fn each_key_has_a_variable_of_its_own() {
        assert_eq!(Key::named("tokens.access_ttl").map(Key::variable).as_deref(), Some("JETON_TOKENS__ACCESS_TTL"));
        let variables: std::collections::BTreeSet<_> = KEYS.iter().map(Key::variable).collect();
        assert_eq!(variables.len(), KEYS.len());
    }
}
