//! The clock: off, behind what was written, or moved while it is watched.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::home::Home;
use super::{doctor, doctor_with};

const HOUR: i64 = 3_600;

/// The library by which a test sets the clock that one process sees.
pub(super) struct Clock {
    library: String,
    path: String,
    file: File,
}

impl Clock {
    pub(super) fn new(folder: &Path) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos/clock/shim.c");
        let (library, path) = (folder.join("clock.so"), folder.join("clock"));
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).args([&library, &source]).args(["-ldl", "-lpthread"]);
        let made = compiler.status().unwrap_or_else(|error| panic!("cc: {error}; apt-get install gcc libc6-dev"));
        assert!(made.success(), "{compiler:?}");
        fs::write(&path, format!("{:<32}", 0)).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        Self { library: text(&library), path: text(&path), file }
    }

    /// Puts it this many seconds off the truth.
    pub(super) fn set(&self, off: i64) {
        self.file.write_all_at(format!("{off:<32}").as_bytes(), 0).unwrap();
    }

    pub(super) fn variables(&self) -> [(&str, &str); 2] {
        [("LD_PRELOAD", &self.library), ("SHIM_CLOCK", &self.path)]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_from_the_databases_is_a_problem_and_the_drift_is_told() {
    let home = Home::on_postgres().await;
    doctor(&home, &[]).expect("clock.database", "ok", "the database's");
    let clock = Clock::new(home.folder());
    clock.set(HOUR);
    doctor_with(&home, &clock.variables()).expect("clock.database", "problem", "this clock is 3600.");
    clock.set(-1);
    doctor_with(&home, &clock.variables()).expect("clock.database", "advice", "s behind the database's");
}

#[test]
fn a_clock_behind_what_was_written_is_a_problem() {
    let home = Home::on_sqlite();
    drop(home.serve());
    let sound = doctor(&home, &[]);
    sound.expect("clock.history", "ok", "nothing in the database is from the future");
    sound.expect("clock.database", "ok", "this machine's");
    let clock = Clock::new(home.folder());
    clock.set(-HOUR);
    doctor_with(&home, &clock.variables()).expect("clock.history", "problem", "in the future");
}

#[test]
fn a_clock_that_is_set_while_it_is_watched_is_a_problem() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("clock.steady", "ok", "ran evenly");
    let clock = Arc::new(Clock::new(home.folder()));
    let over = Arc::new(AtomicBool::new(false));
    // Further and further, so that it does not matter when the program begins to watch.
    let (moved, until) = (Arc::clone(&clock), Arc::clone(&over));
    let moving = std::thread::spawn(move || {
        let mut off = 0;
        while !until.load(Ordering::Relaxed) {
            off += 5;
            moved.set(off);
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let seen = doctor_with(&home, &clock.variables());
    over.store(true, Ordering::Relaxed);
    moving.join().unwrap();
    seen.expect("clock.steady", "problem", "stepped by");
}
