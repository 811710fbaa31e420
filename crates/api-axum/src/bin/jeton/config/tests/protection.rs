//! The settings of registration, throttling, passkeys, proxies and mail.

use super::*;

/// Each of these files is refused with a problem that begins so.
fn check(rows: &[(&str, &str)]) {
    for (file, expected) in rows {
        let problem = problem_of_file(file);
        assert!(problem.starts_with(expected), "{file}\n{problem}");
    }
}

#[test]
fn what_protects_accounts_is_checked() {
    check(&[
        ("throttle.enabled = \"off\"", "throttle.enabled = \"off\" (FOLDER/jeton.toml) must be true or false"),
        ("throttle.enabled = []", "`throttle.enabled` in FOLDER/jeton.toml must be true or false"),
        (
            "throttle.account_free = 0",
            "throttle.account_free = \"0\" (FOLDER/jeton.toml) must be a whole number from 1",
        ),
        (
            "throttle.store = \"redis\"",
            "throttle.store = \"redis\" (FOLDER/jeton.toml) must be one of auto, memory, database",
        ),
        (
            "registration.mode = \"shut\"",
            "registration.mode = \"shut\" (FOLDER/jeton.toml) must be one of open, invite, closed",
        ),
        ("registration.domains = [1]", "`registration.domains` in FOLDER/jeton.toml must be a list of texts"),
        (
            "registration.domains = [\"@example.com\"]",
            "registration.domains = \"@example.com\" (FOLDER/jeton.toml) must be mail domains, such as example.com",
        ),
        (
            "http.trusted_proxies = [\"10.0.0.0/8\", \"proxy\"]",
            "http.trusted_proxies = \"10.0.0.0/8,proxy\" (FOLDER/jeton.toml) must be addresses and networks, such as",
        ),
        ("product = \" \"", "product = \" \" (FOLDER/jeton.toml) must be a name of 1 to 64 characters"),
        (
            "password.breach_file = \"/does/not/exist\"",
            "password.breach_file = \"/does/not/exist\" (FOLDER/jeton.toml) must be a sorted list of breached passwords: No such",
        ),
        (
            "password.breach_url = \"http://a.example/{prefix}\"",
            "password.breach_url = \"http://a.example/{prefix}\" (FOLDER/jeton.toml) must be an https URL with {prefix} once",
        ),
        (
            "passkeys.rp_id = \"https://example.com\"",
            "passkeys.rp_id = \"https://example.com\" (FOLDER/jeton.toml) must be a domain in lower case",
        ),
        (
            "passkeys.origins = [\"http://example.com\"]",
            "passkeys.origins = \"http://example.com\" (FOLDER/jeton.toml) must be origins that browsers offer passkeys to",
        ),
        (
            "issuer = \"https://login.example.com\"\npasskeys.rp_id = \"example.org\"",
            "passkeys.rp_id = \"example.org\" is not the host of https://login.example.com, nor a domain above it",
        ),
    ]);
}

#[test]
fn a_mail_server_is_named_encrypted_and_has_a_sender() {
    check(&[
        (
            "mail = { host = \"smtp.example.com:587\", from = \"a@example.com\" }",
            "mail.host = \"smtp.example.com:587\" (FOLDER/jeton.toml) must be the name of an SMTP server",
        ),
        ("mail.host = \"smtp.example.com\"", "mail.host is set without mail.from: say whom mails are from, such as"),
        (
            "mail = { host = \"smtp.example.com\", from = \"nobody\" }",
            "mail.from = \"nobody\" (FOLDER/jeton.toml) must be a mail address, such as Example <no-reply@example.com>",
        ),
        (
            "mail = { host = \"smtp.example.com\", from = \"a@example.com\", encryption = \"none\" }",
            "mail.encryption = \"none\" would send tokens in the clear to smtp.example.com; use starttls or implicit",
        ),
        (
            "mail = { host = \"smtp.example.com\", from = \"a@example.com\", user = \"a\" }",
            "mail.user and mail.password belong together; set both, or neither",
        ),
        ("mail.user = \"a\"", "mail.user is set without mail.host: name the SMTP server that it belongs to"),
        (
            "mail.links.invite = \"https://app.example.com/\"",
            "mail.links.invite = \"https://app.example.com/\" (FOLDER/jeton.toml) must be an http or https URL with {token} once",
        ),
        (
            "mail.templates = \"/does/not/exist\"",
            "mail.templates = \"/does/not/exist\" (FOLDER/jeton.toml) must be a folder of templates that render: /does/not/exist \
             cannot be read",
        ),
        ("mail.timeout = \"1h\"", "mail.timeout = \"1h\" (FOLDER/jeton.toml) must be a duration from 1s to 25s"),
    ]);
}

#[test]
fn lists_and_flags_are_written_in_the_file_as_what_they_are_and_in_the_environment_as_texts() {
    let file = "[registration]\ndomains = [\"Example.com\", \"bücher.example\"]\nrequire_verified_email = true\n\
                [http]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
    let environment = [
        ("JETON_REGISTRATION__DOMAINS", " example.com , bücher.example,"),
        ("JETON_REGISTRATION__REQUIRE_VERIFIED_EMAIL", "true"),
        ("JETON_HTTP__TRUSTED_PROXIES", "10.0.0.0/8"),
    ];
    for config in [read(file, &[], &[]).unwrap(), read("", &environment, &[]).unwrap()] {
        let registration = config.policies.registration;
        assert_eq!(registration.domains, ["example.com", "xn--bcher-kva.example"]);
        assert!(registration.require_verified_email);
        assert_eq!(config.trusted_proxies, TrustedProxies::parse(["10.0.0.0/8"]).unwrap());
        let shown = config.shown.iter().find(|shown| shown.key == "http.trusted_proxies").unwrap();
        assert_eq!(shown.value, "[\"10.0.0.0/8\"]");
    }
}

#[test]
fn a_mail_servers_password_is_read_from_a_file_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "hunter2\n").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let environment = [
        ("JETON_MAIL__HOST", "smtp.example.com"),
        ("JETON_MAIL__FROM", "Example <no-reply@example.com>"),
        ("JETON_MAIL__USER", "jeton"),
        ("JETON_MAIL__PASSWORD_FILE", path.to_str().unwrap()),
    ];
    let config = read("", &environment, &[]).unwrap();
    let smtp = config.mail.smtp.as_ref().unwrap();
    let (user, password) = smtp.login.as_ref().unwrap();
    assert_eq!((user.as_str(), secrecy::ExposeSecret::expose_secret(password)), ("jeton", "hunter2"));
    assert_eq!(smtp.port, 587);
    assert!(!format!("{config:?}").contains("hunter2"));
    let shown = |key| config.shown.iter().find(|shown| shown.key == key).unwrap().value.clone();
    assert_eq!((shown("mail.password").as_str(), shown("mail.port").as_str()), ("\"<hidden>\"", "587"));
}

#[test]
fn the_port_follows_the_encryption_unless_it_is_said() {
    for (encryption, more, expected) in
        [("starttls", "", 587), ("implicit", "", 465), ("none", "", 25), ("none", "port = 1025", 1025)]
    {
        let file =
            format!("[mail]\nhost = \"localhost\"\nfrom = \"a@example.com\"\nencryption = \"{encryption}\"\n{more}\n");
        assert_eq!(read(&file, &[], &[]).unwrap().mail.smtp.unwrap().port, expected, "{encryption}");
    }
}
