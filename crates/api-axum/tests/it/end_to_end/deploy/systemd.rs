//! The systemd unit, as systemd itself reads it.

use std::fs;
use std::process::Command;

use super::super::home::Home;
use super::text;

/// The highest exposure (0 is none, 10 all) that `systemd-analyze security` may find.
const MOST_EXPOSED: f32 = 2.0;

fn analyze(home: &Home, arguments: &[&str]) -> String {
    let unit = home.folder().join("jeton.service");
    fs::write(&unit, text("jeton.service").replace("/usr/local/bin/jeton", env!("CARGO_BIN_EXE_jeton"))).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(arguments).arg(&unit).env("SYSTEMD_COLORS", "0").env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap_or_else(|error| panic!("systemd-analyze: {error}; apt-get install systemd"));
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn systemd_reads_the_unit_without_a_complaint() {
    assert_eq!(analyze(&Home::on_sqlite(), &["verify", "--man=no"]), "");
}

#[test]
fn the_unit_leaves_little_exposed() {
    let said = analyze(&Home::on_sqlite(), &["security", "--offline=true", "--no-pager"]);
    let line = said.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    let exposed = line.split_whitespace().find_map(|word| word.parse::<f32>().ok()).unwrap();
    assert!(exposed <= MOST_EXPOSED, "{said}");
}

#[test]
fn secrets_reach_the_service_as_credentials_alone() {
    let unit = text("jeton.service");
    for (name, variable) in [("master-key", "JETON_MASTER_KEY_FILE"), ("database-url", "JETON_DATABASE_URL_FILE")] {
        assert!(unit.contains(&format!("LoadCredential={name}:")), "{name}");
        assert!(unit.contains(&format!("Environment={variable}=%d/{name}\n")), "{name}");
    }
}
