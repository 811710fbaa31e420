//! What follows from the settings and the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::super::home::Home;
use super::{Seen, doctor, doctor_with};

const MASTER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// A user who owns nothing.
const NOBODY: u32 = 65_534;

pub(super) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// `jeton` as a user who is not root, whom permissions hold back.
pub(super) fn as_nobody(home: &Home) -> Command {
    chmod(home.folder(), 0o755);
    let program = home.folder().join("jeton");
    if fs::hard_link(env!("CARGO_BIN_EXE_jeton"), &program).is_err() {
        fs::copy(env!("CARGO_BIN_EXE_jeton"), &program).unwrap();
    }
    let mut command = home.dress(Command::new(program));
    let is_root = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap() == 0;
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn every_problem_of_the_settings_is_told_and_nothing_else_is_looked_at() {
    let home = Home::on_sqlite().with("JETON_LISEN", "x").with("JETON_TOKENS__ACCESS_TTL", "never");
    let seen = doctor(&home, &[]);
    let texts: Vec<_> = seen.findings.iter().map(|finding| finding["what"].as_str().unwrap()).collect();
    assert!(texts[0].contains("JETON_LISEN") && texts[0].contains("did you mean JETON_LISTEN"), "{texts:?}");
    assert!(texts[1].contains("tokens.access_ttl"), "{texts:?}");
    assert!(texts.len() == 2 && seen.findings.iter().all(|finding| finding["level"] == "problem"), "{texts:?}");
}

#[test]
fn a_file_with_a_secret_in_it_is_for_its_owner_alone() {
    let home = Home::on_sqlite();
    let file = home.folder().join("jeton.toml");
    fs::write(&file, "[log]\nlevel = \"info\"\n").unwrap();
    chmod(&file, 0o644);
    doctor(&home, &[]).expect("configuration.file", "ok", "no secret");
    fs::write(&file, format!("master_key = \"{MASTER}\"\n")).unwrap();
    doctor(&home, &[]).expect("configuration.file", "problem", "master_key, and every user of the machine can read it");
    chmod(&file, 0o640);
    doctor(&home, &[]).expect("configuration.file", "ok", "others cannot read the secrets");
}

#[test]
fn a_password_in_a_flag_is_worth_a_word() {
    let home = Home::on_sqlite();
    let seen = doctor(&home, &["--database-url", "postgres://jeton:hunter2@127.0.0.1:1/jeton"]);
    seen.expect("configuration.flags", "advice", "in a flag");
    assert!(!doctor(&home, &["--database-url", "postgres://jeton@127.0.0.1:1/jeton"]).has("configuration.flags"));
}

#[test]
fn the_issuer_is_the_address_that_clients_can_use() {
    let home = Home::on_sqlite();
    for (listen, issuer, level, words) in [
        ("127.0.0.1:0", "http://127.0.0.1:8080", "ok", "http://127.0.0.1:8080"),
        ("127.0.0.1:0", "https://login.example.com", "ok", "https://login.example.com"),
        ("0.0.0.0:0", "http://127.0.0.1:8080", "problem", "listens for others"),
        ("127.0.0.1:0", "http://login.example.com", "problem", "not https"),
    ] {
        let seen = doctor(&home, &["--listen", listen, "--issuer", issuer]);
        seen.expect("configuration.issuer", level, words);
    }
    let without = |listen: &str| {
        let mut command = home.jeton(&["--listen", listen]);
        command.env_remove("JETON_ISSUER");
        Seen::of(command)
    };
    without("127.0.0.1:0").expect("configuration.issuer", "advice", "good on this machine alone");
    without("0.0.0.0:0").expect("configuration.issuer", "problem", "no address of a server");
}

#[test]
fn passkeys_are_possible_where_browsers_offer_them() {
    let home = Home::on_sqlite();
    for (issuer, level) in
        [("http://127.0.0.1:1", "advice"), ("http://localhost:8080", "ok"), ("https://login.example.com", "ok")]
    {
        doctor(&home, &["--issuer", issuer]).expect("configuration.passkeys", level, "passkeys are");
    }
}

#[test]
fn throttling_is_on_and_counts_for_all_servers() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("configuration.throttle", "ok", "");
    let off = [("JETON_THROTTLE__ENABLED", "false")];
    doctor_with(&home, &off).expect("configuration.throttle", "advice", "off");
    let home = home.with("JETON_ISSUER", "https://login.example.com");
    doctor_with(&home, &off).expect("configuration.throttle", "problem", "off");
    let memory = [("JETON_THROTTLE__STORE", "memory"), ("JETON_DATABASE_URL", "postgres://127.0.0.1:1/jeton")];
    doctor_with(&home, &memory).expect("configuration.throttle", "advice", "each server counts");
}

#[test]
fn the_log_tells_enough_and_not_too_much() {
    let home = Home::on_sqlite();
    for (level, expected) in
        [("info", "ok"), ("warn", "ok"), ("debug", "advice"), ("trace", "advice"), ("error", "advice")]
    {
        doctor(&home, &["--log-level", level]).expect("configuration.log", expected, level);
    }
}

#[test]
fn times_of_answers_are_not_for_strangers() {
    let home = Home::on_sqlite().with("JETON_HTTP__SERVER_TIMING", "true");
    assert!(!doctor(&home, &[]).has("configuration.server_timing"));
    let seen = doctor(&home, &["--issuer", "https://login.example.com"]);
    seen.expect("configuration.server_timing", "problem", "strangers");
}

#[test]
fn the_data_folder_is_a_folder_of_this_user_alone() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("configuration.data_dir", "ok", "makes it");
    fs::write(home.data(), "").unwrap();
    doctor(&home, &[]).expect("configuration.data_dir", "problem", "no folder");
    fs::remove_file(home.data()).unwrap();
    fs::create_dir(home.data()).unwrap();
    chmod(&home.data(), 0o755);
    doctor(&home, &[]).expect("configuration.data_dir", "advice", "mode 755");
    chmod(&home.data(), 0o555);
    Seen::of(as_nobody(&home)).expect("configuration.data_dir", "problem", "cannot be written");
    chmod(&home.data(), 0o700);
    doctor(&home, &[]).expect("configuration.data_dir", "ok", "alone");
}

#[test]
fn a_disk_with_too_little_room_is_a_problem() {
    let home = Home::on_sqlite();
    doctor(&home, &["--data-dir", "some/folder/to/be"]).expect("configuration.free_space", "ok", "free");
    let mut command = home.jeton(&[]);
    command.args(["doctor", "--json", "--min-free", "1000000TiB"]);
    let ran = super::super::home::Ran::of(command);
    assert!(ran.code == Some(1) && ran.out.contains("--min-free less than 1000000 TiB"), "{}", ran.out);
}

#[test]
fn as_many_files_may_be_open_as_connections_need() {
    let home = Home::on_sqlite();
    let mut limited = home.dress(Command::new("sh"));
    limited.args(["-c", "ulimit -n 256; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_jeton")]);
    Seen::of(limited).expect("configuration.open_files", "advice", "256 files may be open");
    let few = [("JETON_HTTP__MAX_CONNECTIONS", "8")];
    doctor_with(&home, &few).expect("configuration.open_files", "ok", "8 connections");
}

#[test]
fn authorities_of_certificates_are_needed() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("configuration.certificates", "ok", "whose certificates");
    let none = home.folder().join("none.pem");
    fs::write(&none, "").unwrap();
    let none = [("SSL_CERT_FILE", none.to_str().unwrap()), ("SSL_CERT_DIR", home.folder().to_str().unwrap())];
    doctor_with(&home, &none).expect("configuration.certificates", "problem", "no authority");
}
