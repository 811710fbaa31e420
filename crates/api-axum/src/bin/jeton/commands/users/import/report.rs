//! How an import goes: progress on standard error, every row that was not imported, and the sum of it all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::NotImported;
use crate::commands::control::note;

/// How often progress is told: on a terminal the line is written over, elsewhere each is one more.
const ON_TERMINAL: Duration = Duration::from_millis(200);
const ELSEWHERE: Duration = Duration::from_secs(2);
/// How many refusals are told on standard error.
const SHOWN: u64 = 20;

pub(super) struct Report {
    total: usize,
    done: usize,
    imported: u64,
    without_password: u64,
    exist: u64,
    refused: u64,
    started: Instant,
    told: Instant,
    terminal: bool,
    file: Option<csv::Writer<BufWriter<File>>>,
}

impl Report {
    /// Begins, with a file for what is refused.
    pub(super) fn begin(total: usize, file: Option<&Path>) -> Result<Self, csv::Error> {
        let file = file.map(create).transpose()?;
        let now = Instant::now();
        Ok(Self {
            total,
            done: 0,
            imported: 0,
            without_password: 0,
            exist: 0,
            refused: 0,
            started: now,
            told: now,
            terminal: io::stderr().is_terminal(),
            file,
        })
    }

    /// Notes a row that was done with.
    pub(super) fn row(
        &mut self,
        line: u64,
        email: Option<&str>,
        password: bool,
        not: Option<&NotImported>,
    ) -> Result<(), csv::Error> {
        self.done += 1;
        let why = match not {
            None => {
                self.imported += 1;
                self.without_password += u64::from(!password);
                None
            }
            Some(NotImported::Exists) => {
                self.exist += 1;
                Some("an account with this mail address exists already")
            }
            Some(NotImported::Repeated) => {
                self.exist += 1;
                Some("a line before has this mail address")
            }
            Some(NotImported::Refused(refused)) => {
                self.refused += 1;
                Some(refused.why.as_str())
            }
        };
        if let Some(why) = why {
            if let Some(file) = &mut self.file {
                file.write_record([&line.to_string(), email.unwrap_or_default(), why])?;
            }
            let told = self.exist + self.refused;
            if told <= SHOWN {
                self.clear();
                note(&format!("line {line}: {why}"));
            }
            if told == SHOWN + 1 {
                self.clear();
                note("further lines are counted alone; --report FILE has them all");
            }
        }
        self.progress();
        Ok(())
    }

    fn progress(&mut self) {
        let pause = if self.terminal { ON_TERMINAL } else { ELSEWHERE };
        if self.told.elapsed() >= pause {
            self.told = Instant::now();
            self.tell();
        }
    }

    fn tell(&self) {
        let end = if self.terminal { "" } else { "\n" };
        let start = if self.terminal { "\r" } else { "" };
        let rate = self.rate();
        let text = format!("{start}{} of {} rows ({rate} a second){end}", self.done, self.total);
        // Nobody is left to tell if even this fails.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Rows a second.
    fn rate(&self) -> u128 {
        let millis = self.started.elapsed().as_millis().max(1);
        self.done as u128 * 1_000 / millis
    }

    fn clear(&self) {
        if self.terminal {
            let _ = io::stderr().lock().write_all(b"\r\x1b[K");
        }
    }

    /// Ends, and answers the sum of it all.
    pub(super) fn finish(&mut self, dry_run: bool) -> Result<String, io::Error> {
        self.tell();
        if self.terminal {
            note("");
        }
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        let verb = if dry_run { "Could import" } else { "Imported" };
        let some = |number: u64, what: &str| if number > 0 { format!("; {number} {what}") } else { String::new() };
        Ok(format!(
            "{verb} {} of {} rows{}{}{}.\n",
            self.imported,
            self.total,
            some(self.exist, "have an account already"),
            some(self.refused, "were refused"),
            some(self.without_password, "of them without a password, which their owners set by mail"),
        ))
    }

    /// Whether every row was imported.
    pub(super) const fn is_clean(&self) -> bool {
        self.exist == 0 && self.refused == 0
    }

    /// How many were not.
    pub(super) fn refusals(&self) -> String {
        format!("{} of {} rows were not imported", self.exist + self.refused, self.total)
    }
}

/// It names people, so it is for its owner alone.
fn create(path: &Path) -> Result<csv::Writer<BufWriter<File>>, csv::Error> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let mut writer = csv::Writer::from_writer(BufWriter::new(file));
    writer.write_record(["line", "email", "reason"])?;
    Ok(writer)
}
