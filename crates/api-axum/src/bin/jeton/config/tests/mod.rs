//! What the settings accept, refuse and show.

mod protection;

use std::path::PathBuf;

use super::*;

/// The settings of these environment variables and this file.
fn read(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jeton.toml");
    std::fs::write(&path, file).unwrap();
    let inputs = Inputs {
        file: Some(path),
        optional_file: None,
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        flags: flags.iter().map(|(flag, key, value)| (*flag, *key, (*value).to_owned())).collect(),
    };
    Config::read(inputs).map_err(|problems| {
        problems.to_string().replace(&*folder.path().to_string_lossy(), "FOLDER").trim_start_matches(HEAD).to_owned()
    })
}

const HEAD: &str = "the configuration is not good:\n  ";

fn problem_of_file(file: &str) -> String {
    read(file, &[], &[]).unwrap_err()
}

fn problem_of_environment(name: &str, value: &str) -> String {
    read("", &[(name, value)], &[]).unwrap_err()
}

#[test]
fn with_nothing_given_the_domains_own_defaults_hold() {
    let config = Config::read(Inputs::default()).unwrap();
    assert_eq!(config.policies, Policies::default());
    assert_eq!(Argon2Settings { threads: config.argon2.threads, ..Argon2Settings::default() }, config.argon2);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url.to_string(), "sqlite:./jeton-data/jeton.db");
    assert_eq!(config.keys, KeyPolicy::default());
    assert!(config.issuer.is_none() && config.master_keys.is_none());
}

#[test]
fn every_key_is_shown_once_and_in_order() {
    let config = Config::read(Inputs::default()).unwrap();
    let shown: Vec<&str> = config.shown.iter().map(|shown| shown.key).collect();
    let keys: Vec<&str> = keys::KEYS.iter().map(|key| key.name).chain(["webhooks"]).collect();
    assert_eq!(shown, keys);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = "listen = \"127.0.0.1:1\"\n[refresh]\nidle = \"1d\"\nabsolute = \"2d\"\n";
    let environment = [("JETON_LISTEN", "127.0.0.1:2"), ("JETON_REFRESH__IDLE", "36h")];
    let config = read(file, &environment, &[("--listen", "listen", "127.0.0.1:3")]).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!((config.policies.refresh.idle, config.policies.refresh.absolute), (36 * HOUR, 2 * DAY));
    let source = |key| config.shown.iter().find(|shown| shown.key == key).unwrap().source.clone();
    assert_eq!(source("listen"), "flag --listen");
    assert_eq!(source("refresh.idle"), "environment variable JETON_REFRESH__IDLE");
    assert!(source("refresh.absolute").ends_with("jeton.toml"));
    assert_eq!(source("refresh.retry_window"), "default");
}

#[test]
fn an_unknown_key_is_named_with_its_source_and_the_key_that_was_meant() {
    for (file, expected) in [
        ("lisen = \"x\"", "unknown key `lisen` in FOLDER/jeton.toml; did you mean `listen`?"),
        (
            "[tokens]\nacess_ttl = \"5m\"",
            "unknown key `tokens.acess_ttl` in FOLDER/jeton.toml; did you mean `tokens.access_ttl`?",
        ),
        ("access_ttl = \"5m\"", "unknown key `access_ttl` in FOLDER/jeton.toml; did you mean `tokens.access_ttl`?"),
        ("[colours]\nred = 1", "unknown key `colours` in FOLDER/jeton.toml"),
    ] {
        assert_eq!(problem_of_file(file), expected);
    }
    for (name, expected) in [
        ("JETON_LISEN", "unknown environment variable JETON_LISEN; did you mean JETON_LISTEN?"),
        (
            "JETON_TOKENS_ACCESS_TTL",
            "unknown environment variable JETON_TOKENS_ACCESS_TTL; did you mean JETON_TOKENS__ACCESS_TTL?",
        ),
        ("JETON_COLOUR", "unknown environment variable JETON_COLOUR"),
        ("JETON_ISSUER_FILE", "unknown environment variable JETON_ISSUER_FILE"),
    ] {
        assert_eq!(problem_of_environment(name, "x"), expected);
    }
}

#[test]
fn a_wrong_value_is_told_with_what_to_write() {
    for (file, expected) in [
        (
            "listen = \"localhost\"",
            "listen = \"localhost\" (FOLDER/jeton.toml) must be an IP address and a port, such as",
        ),
        ("listen = 8080", "listen = \"8080\" (FOLDER/jeton.toml) must be an IP address and a port, such as"),
        ("listen = true", "`listen` in FOLDER/jeton.toml must be a text or a number"),
        ("tokens = 1", "`tokens` in FOLDER/jeton.toml is a table; write [tokens] and its keys below it"),
        ("listen = ", "FOLDER/jeton.toml is not TOML: "),
        ("issuer = \"login.example.com\"", "issuer = \"login.example.com\" (FOLDER/jeton.toml) must be a URL such as"),
        ("database_url = \"mysql://u:hunter2@h/d\"", "database_url (FOLDER/jeton.toml) must be a database's URL: "),
        ("master_key = \"hunter2\"", "master_key (FOLDER/jeton.toml) must be 32 bytes in base64"),
        (
            "tokens.access_ttl = \"9s\"",
            "tokens.access_ttl = \"9s\" (FOLDER/jeton.toml) must be a duration from 10s to 1d",
        ),
        (
            "tokens.access_ttl = 900",
            "tokens.access_ttl = \"900\" (FOLDER/jeton.toml) must be a duration from 10s to 1d",
        ),
        (
            "tokens.algorithm = \"none\"",
            "tokens.algorithm = \"none\" (FOLDER/jeton.toml) must be one of EdDSA, Ed25519",
        ),
        (
            "tokens.jwks_max_age = \"0s\"",
            "tokens.jwks_max_age = \"0s\" (FOLDER/jeton.toml) must be a duration from 1s to 1d",
        ),
        (
            "tokens.key_margin = \"2h\"",
            "tokens.key_margin = \"2h\" (FOLDER/jeton.toml) must be a duration from 1s to 1h",
        ),
        (
            "tokens.verified_cache = \"-1\"",
            "tokens.verified_cache = \"-1\" (FOLDER/jeton.toml) must be a whole number from 0 to 10000000",
        ),
        (
            "tokens.rotate_every = \"359s\"",
            "tokens.rotate_every = \"359s\" is shorter than tokens.jwks_max_age and tokens.key_margin together (\"6m\")",
        ),
        (
            "tokens = { rotate_every = \"9s\", jwks_max_age = \"1s\", key_margin = \"1s\" }",
            "tokens.rotate_every = \"9s\" would keep more than 100 keys published",
        ),
        (
            "tokens = { algorithm = \"PS256\", key_margin = \"9s\" }",
            "tokens.key_margin = \"9s\" is too short for tokens.algorithm = \"PS256\": making an RSA key takes seconds",
        ),
        (
            "refresh.retry_window = \"6m\"",
            "refresh.retry_window = \"6m\" (FOLDER/jeton.toml) must be a duration from 0s to 5m",
        ),
        (
            "refresh.idle = \"91d\"",
            "refresh.idle = \"91d\" is longer than refresh.absolute = \"90d\"; it can be as long at most",
        ),
        (
            "sessions.on_limit = \"evict\"",
            "sessions.on_limit = \"evict\" (FOLDER/jeton.toml) must be one of evict_oldest, evict_least_recent",
        ),
        (
            "sessions.max_per_account = -1",
            "sessions.max_per_account = \"-1\" (FOLDER/jeton.toml) must be a whole number from 0",
        ),
        (
            "password.min_length = 7",
            "password.min_length = \"7\" (FOLDER/jeton.toml) must be a whole number from 8 to 64",
        ),
        (
            "password.memory_kib = 1024",
            "password.memory_kib = \"1024\" (FOLDER/jeton.toml) must be a whole number from 19456",
        ),
        ("password.iterations = 1", "password.iterations = \"1\" (FOLDER/jeton.toml) must be a whole number from 2"),
        (
            "log.level = \"loud\"",
            "log.level = \"loud\" (FOLDER/jeton.toml) must be one of error, warn, info, debug, trace",
        ),
    ] {
        let problem = problem_of_file(file);
        assert!(problem.starts_with(expected), "{file}\n{problem}");
    }
    assert!(problem_of_environment("JETON_ISSUER", "").contains("JETON_ISSUER is empty"));
}

#[test]
fn every_algorithm_can_be_chosen_and_keys_may_rotate_as_soon_as_verifiers_have_seen_them() {
    for algorithm in token_core::Algorithm::ALL {
        let config = read("", &[("JETON_TOKENS__ALGORITHM", algorithm.name())], &[]).unwrap();
        assert_eq!(config.keys.algorithm, *algorithm);
    }
    let shortest = [
        ("JETON_TOKENS__ROTATE_EVERY", "2s"),
        ("JETON_TOKENS__JWKS_MAX_AGE", "1s"),
        ("JETON_TOKENS__KEY_MARGIN", "1s"),
        ("JETON_TOKENS__ACCESS_TTL", "1m"),
    ];
    let policy = read("", &shortest, &[]).unwrap().keys;
    assert_eq!((policy.rotate_every, policy.lead()), (2 * SECOND, 2 * SECOND));
}

#[test]
fn all_problems_are_told_at_once() {
    let problems = problem_of_file("listen = \"x\"\nissuer = \"x\"\ncolour = \"red\"\n");
    assert_eq!(problems.lines().count(), 3, "{problems}");
}

#[test]
fn no_secret_is_shown_in_problems_or_settings() {
    let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let environment = [("JETON_MASTER_KEY", key), ("JETON_DATABASE_URL", "postgres://jeton:hunter2@db/jeton")];
    let config = read("", &environment, &[]).unwrap();
    let shown = format!("{:?} {config:?}", config.shown);
    assert!(!shown.contains("hunter2") && !shown.contains(key), "{shown}");
    assert!(shown.contains("postgres://jeton@db"), "{shown}");
    for (name, value) in [("JETON_MASTER_KEY", "hunter2"), ("JETON_DATABASE_URL", "hunter2")] {
        let problem = problem_of_environment(name, value);
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn a_secret_is_read_from_a_file_that_its_variable_names() {
    let (folder, path) = secret("postgres://jeton:hunter2@db/jeton\n", 0o440);
    let config = read("", &[("JETON_DATABASE_URL_FILE", path.to_str().unwrap())], &[]).unwrap();
    assert!(config.database_url.to_string().starts_with("postgres://jeton@db"));
    let source = config.shown.iter().find(|shown| shown.key == "database_url").unwrap().source.clone();
    assert_eq!(source, format!("{}, named by JETON_DATABASE_URL_FILE", path.display()));
    drop(folder);
}

#[test]
fn a_secret_from_a_file_and_from_a_variable_at_once_is_refused() {
    let (_folder, path) = secret("sqlite:a.db", 0o600);
    let environment = [("JETON_DATABASE_URL", "sqlite:b.db"), ("JETON_DATABASE_URL_FILE", path.to_str().unwrap())];
    let problem = read("", &environment, &[]).unwrap_err();
    assert_eq!(problem, "JETON_DATABASE_URL and JETON_DATABASE_URL_FILE are both set; unset one of them");
}

#[test]
fn a_secret_file_that_everybody_may_read_that_is_empty_or_missing_is_refused() {
    let (_open, open) = secret("sqlite:a.db", 0o644);
    let (_empty, empty) = secret(" \n", 0o600);
    for (path, expected) in [(open, "chmod 600"), (empty, "is empty"), (PathBuf::from("/nowhere"), "cannot be read")] {
        let problem = problem_of_environment("JETON_MASTER_KEY_FILE", path.to_str().unwrap());
        assert!(problem.starts_with("JETON_MASTER_KEY_FILE: ") && problem.contains(expected), "{problem}");
    }
}

#[test]
fn a_file_that_was_asked_for_must_be_there_and_the_usual_one_need_not() {
    let missing = || Some(PathBuf::from("/nowhere/jeton.toml"));
    assert!(Config::read(Inputs { optional_file: missing(), ..Inputs::default() }).is_ok());
    let problems = Config::read(Inputs { file: missing(), ..Inputs::default() }).unwrap_err();
    assert!(problems.to_string().contains("/nowhere/jeton.toml cannot be read"), "{problems}");
}

fn secret(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

const WEBHOOK: &str = "name = \"ops\"\nurl = \"https://hooks.example.com/hunter2\"\nevents = [\"refresh_replayed\"]\n";
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_webhook_takes_its_secret_from_the_file_itself_or_from_another() {
    let (_folder, path) = secret(WEBHOOK_SECRET, 0o600);
    for given in [format!("secret = \"{WEBHOOK_SECRET}\""), format!("secret_file = {:?}", path.to_str().unwrap())] {
        let config = read(&format!("[[webhooks]]\n{WEBHOOK}{given}\n"), &[], &[]).unwrap();
        assert_eq!(config.webhooks[0].kinds, [auth_domain::model::EventKind::RefreshReplayed]);
        let shown = config.shown.last().unwrap();
        assert_eq!(
            shown.value,
            r#"[{ name = "ops", url = "https://hooks.example.com/…", secret = "<hidden>", events = ["refresh_replayed"] }]"#
        );
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter2") && !printed.contains(WEBHOOK_SECRET), "{printed}");
    }
}

#[test]
fn a_webhook_that_is_not_good_is_told_with_its_place_and_what_to_write() {
    let secret = format!("secret = \"{WEBHOOK_SECRET}\"\n");
    let with = |changed: &str, to: &str| format!("[[webhooks]]\n{WEBHOOK}{secret}").replacen(changed, to, 1);
    for (file, expected) in [
        ("webhooks = 1\n".to_owned(), "`webhooks` in FOLDER/jeton.toml is a list of tables; write [[webhooks]]"),
        (with("ops", "Ops!"), "webhooks[1].name (FOLDER/jeton.toml) must be 1 to 64 of a-z"),
        (with("https", "ftp"), "webhooks[1].url (FOLDER/jeton.toml) must be an http or https URL"),
        (with("hooks.", "u:p@hooks."), "webhooks[1].url (FOLDER/jeton.toml) must be an http or https URL"),
        (with(WEBHOOK_SECRET, "hunter2"), "webhooks[1].secret (FOLDER/jeton.toml) must be `whsec_`"),
        (with(&secret, ""), "webhooks[1] in FOLDER/jeton.toml has no secret; a webhook has name, url, secret or"),
        (with("refresh_replayed", "replay"), "webhooks[1].events (FOLDER/jeton.toml): unknown kind"),
        (with("\"refresh_replayed\"", ""), "webhooks[1].events (FOLDER/jeton.toml) is empty"),
        (with("events", "evnts"), "webhooks[1].events (FOLDER/jeton.toml) must be a list of some of session_opened"),
        (with("secret =", "secret_file ="), "webhooks[1].secret_file (FOLDER/jeton.toml) must name a file"),
        (
            with("", &format!("[[webhooks]]\n{WEBHOOK}{secret}")),
            "webhooks[2].name = \"ops\" (FOLDER/jeton.toml) is another webhook's name",
        ),
    ] {
        let problem = problem_of_file(&file);
        assert!(problem.starts_with(expected), "{file}\n{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
