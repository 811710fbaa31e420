//! Memory of a server at rest and under many live sessions, and how long a start takes: on SQLite, where the server is all
//! there is.

use std::path::Path;
use std::rc::Rc;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::bench::Bench;
use crate::figures::{Sense, Verdict, median};
use crate::outcome::Outcome;
use crate::seed::{Size, Tokens};
use crate::server::{Jeton, Site, master};
use crate::visitor::{Load, Visitor};

/// How often a start is measured.
const STARTS: usize = 11;
/// What may come on top while every session is refreshed once, in MiB: caches of pages and of statements fill up to their
/// bound, whatever the number of sessions is.
const SLACK: f64 = 8.0;

pub(crate) fn measure(bench: &Bench, sessions: u64) -> Outcome<Vec<Value>> {
    eprintln!("\nmemory and start");
    let mut rows = vec![
        start("start to ready, new database", &bench.settings.binary, || {
            Site::new(&bench.settings.data, None).map(Rc::new)
        })?,
        existing(bench)?,
    ];
    rows.extend(memory(bench, sessions)?);
    Ok(rows)
}

fn existing(bench: &Bench) -> Outcome<Value> {
    let site = Rc::new(Site::new(&bench.settings.data, None)?);
    Jeton::start(&bench.settings.binary, &site)?.stop()?;
    start("start to ready, existing database", &bench.settings.binary, || Ok(Rc::clone(&site)))
}

fn start(what: &str, binary: &Path, site: impl Fn() -> Outcome<Rc<Site>>) -> Outcome<Value> {
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let site = site()?;
        let jeton = Jeton::start(binary, &site)?;
        took.push(jeton.ready_after.as_secs_f64() * 1_000.0);
        jeton.stop()?;
    }
    let ours = median(took);
    eprintln!("  {what}: {ours:.1} ms");
    Ok(alone(what, "ms", ours, "median of 11, until /readyz answers 200", 100.0))
}

/// A figure that is held to a ceiling itself.
fn alone(what: &str, unit: &str, ours: f64, limit_is: &str, target: f64) -> Value {
    let (engine, sense) = ("SQLite", Sense::AtMost);
    Verdict { what, engine, unit, ours, limit: target, limit_is, ratio: None, sense, target }.row()
}

/// Refreshes as many sessions as there are, and looks at the memory before and after.
fn memory(bench: &Bench, sessions: u64) -> Outcome<Vec<Value>> {
    let site = Site::new(&bench.settings.data, None)?;
    let jeton = Jeton::start(&bench.settings.binary, &site)?;
    sleep(Duration::from_secs(2));
    let Some(at_rest) = jeton.resident_mib() else {
        eprintln!("  this system does not tell a process's memory");
        return Ok(Vec::new());
    };
    eprintln!("  at rest: {at_rest:.1} MiB");
    jeton.stop()?;

    let site = Site::new(&bench.settings.data, None)?;
    bench.work(site.seed(Size::of(sessions), true))?;
    let jeton = Jeton::start(&bench.settings.binary, &site)?;
    let tokens = Rc::new(Tokens::under(&master())?);
    let mut visitors = Visitor::several(bench.settings.clients, jeton.address, sessions, &tokens)?;
    for visitor in &mut visitors {
        visitor.turn_to(Load::Refresh, jeton.address);
    }
    let pace = bench.pace();
    let mut answered = bench.closed(&mut visitors, pace)?.answered();
    let before = jeton.resident_mib().unwrap_or(f64::NAN);
    while answered < sessions {
        let run = bench.closed(&mut visitors, pace)?;
        if run.answered() == 0 {
            return Err("no refresh is answered".into());
        }
        answered += run.answered();
        jeton.trim_log();
    }
    let after = jeton.resident_mib().unwrap_or(f64::NAN);
    eprintln!("  under {sessions} live sessions: {before:.1} MiB, after {answered} refreshes of them {after:.1} MiB");
    jeton.stop()?;
    let under = format!("growth over {answered} refreshes of {sessions} live sessions ({before:.1} to {after:.1} MiB)");
    Ok(vec![
        alone("memory at rest", "MiB", at_rest, "resident set two seconds after the start", 25.0),
        alone("memory under live sessions", "MiB", after - before, &under, SLACK),
    ])
}
