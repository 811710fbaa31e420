//! The keys: missing, foreign, late, or revoked.

use std::fs;

use store_diesel::testing::sqlite_execute;

use super::super::home::Home;
use super::super::on_both_engines;
use super::clock::Clock;
use super::configuration::chmod;
use super::database::sql;
use super::{doctor, doctor_with};

const KEY_1: &str = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const KEY_2: &str = "2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const DAY: i64 = 24 * 3_600;

on_both_engines!(
    keys_that_the_master_key_does_not_open_are_a_problem,
    a_rotation_that_is_overdue_and_a_key_that_is_missing_are_told,
);

async fn keys_that_the_master_key_does_not_open_are_a_problem(home: Home) {
    let home = home.with("JETON_AUDIENCE", "jeton");
    drop(home.serve_with(&[("JETON_MASTER_KEY", KEY_1)]));
    let good = doctor_with(&home, &[("JETON_MASTER_KEY", KEY_1)]);
    good.expect("keys.master", "ok", "from environment variable JETON_MASTER_KEY");
    good.expect("keys.sealed", "ok", "open all");
    good.expect("keys.rotation", "ok", "1 next, 0 retired, 0 revoked");
    assert!(!good.has("keys.rewrap"));
    doctor_with(&home, &[("JETON_MASTER_KEY", KEY_2)]).expect("keys.sealed", "problem", "not configured");
    let other = KEY_2.replace("2:", "1:");
    doctor_with(&home, &[("JETON_MASTER_KEY", &other)]).expect("keys.sealed", "problem", "does not open");
    let both = format!("{KEY_2},{KEY_1}");
    let moving = doctor_with(&home, &[("JETON_MASTER_KEY", &both)]);
    moving.expect("keys.sealed", "ok", "open all");
    moving.expect("keys.rewrap", "advice", "first master key, 2");
}

async fn a_rotation_that_is_overdue_and_a_key_that_is_missing_are_told(home: Home) {
    drop(home.serve());
    let clock = Clock::new(home.folder());
    clock.set(40 * DAY);
    doctor_with(&home, &clock.variables()).expect("keys.rotation", "advice", "its rotation was due at");
    let other = doctor_with(&home, &[("JETON_TOKENS__ALGORITHM", "ES256")]);
    other.expect("keys.algorithm", "advice", "no ES256 key signs or waits");
    let listed: serde_json::Value = serde_json::from_str(&home.run(&["keys", "list", "--json"]).success()).unwrap();
    let next = listed["keys"].as_array().unwrap().iter().find(|key| key["state"] == "next").unwrap();
    home.run(&["keys", "delete", next["kid"].as_str().unwrap()]).success();
    doctor(&home, &[]).expect("keys.next", "advice", "no key waits");
    home.run(&["after-restore", "--yes"]).success();
    let lost = "DELETE FROM signing_keys WHERE state = 'active'";
    if home.database_url().starts_with("sqlite:") {
        sqlite_execute(&home.data().join("jeton.db"), lost).unwrap();
    } else {
        sql(&home.database_url(), lost).await;
    }
    doctor(&home, &[]).expect("keys.rotation", "problem", "no key signs (0 next, 0 retired, 1 revoked)");
}

#[test]
fn a_master_key_that_is_gone_or_open_to_others_is_a_problem() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("keys.master", "ok", "makes one");
    drop(home.serve());
    let file = home.data().join("master.key");
    doctor(&home, &[]).expect("keys.master", "ok", "its owner alone");
    chmod(&file, 0o644);
    doctor(&home, &[]).expect("keys.master", "problem", "others may read it");
    chmod(&file, 0o600);
    fs::write(&file, "no key").unwrap();
    doctor(&home, &[]).expect("keys.master", "problem", "not a master key");
    fs::remove_file(&file).unwrap();
    doctor(&home, &[]).expect("keys.master", "problem", "there is no master key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_one_server_of_a_cluster_made_is_worth_a_word() {
    let home = Home::on_postgres().await;
    drop(home.serve());
    doctor(&home, &[]).expect("keys.master", "advice", "made by this server");
}
