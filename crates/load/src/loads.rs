//! The loads on one engine, round by round beside their limits, and then at fixed rates.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::thread::available_parallelism;

use serde_json::Value;
use store_diesel::testing::TestDatabase;

use crate::bench::{Bench, CONNECTIONS};
use crate::drive::Pace;
use crate::figures::{Run, Sense, Series, Verdict};
use crate::limit::route::BareRoute;
use crate::limit::{hash, postgres, sqlite};
use crate::outcome::Outcome;
use crate::seed::{Size, Tokens};
use crate::server::{Jeton, Site, master};
use crate::visitor::{Load, Visitor};

/// Rates of the open loop, as parts of the closed loop's throughput.
const PARTS: [f64; 2] = [0.5, 0.8];

/// What was found: rows of the table of targets, and rows of the table of latencies.
pub(crate) struct Found {
    pub(crate) rows: Vec<Value>,
    pub(crate) latencies: Vec<Value>,
}

/// The engine's own limit of durable commits.
enum Commits {
    Postgres(postgres::Commits),
    Sqlite(sqlite::Commits),
}

impl Commits {
    fn run(&mut self, bench: &Bench, pace: Pace) -> Outcome<Run> {
        match self {
            Self::Postgres(commits) => bench.work(commits.run(usize::try_from(bench.settings.clients)?, pace)),
            Self::Sqlite(commits) => commits.run(pace),
        }
    }
}

/// What is measured in a round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Commits,
    Refresh,
    Route,
    Me,
    Hash,
    Login,
    Hashes,
    Logins,
    Mixed,
}

const ROUND: [What; 9] = [
    What::Commits,
    What::Refresh,
    What::Route,
    What::Me,
    What::Hash,
    What::Login,
    What::Hashes,
    What::Logins,
    What::Mixed,
];

/// A server under load, and its limits.
struct Scene {
    jeton: Jeton,
    route: BareRoute,
    commits: Commits,
    visitors: Vec<Visitor>,
    /// Signs in alone, to see how long one login takes.
    alone: Vec<Visitor>,
    _site: Site,
    _database: Option<TestDatabase>,
}

pub(crate) fn measure(bench: &mut Bench, engine: &str, sessions: u64) -> Outcome<Found> {
    eprintln!("\n{engine}: {sessions} sessions, {} clients", bench.settings.clients);
    let mut scene = Scene::set(bench, engine, sessions)?;
    let mut series: BTreeMap<What, Series> = BTreeMap::new();
    for round in 1..=bench.settings.rounds {
        eprintln!("{engine}: round {round} of {}", bench.settings.rounds);
        for what in ROUND {
            let run = scene.run(bench, what)?;
            eprintln!(
                "  {:<34} {:>9.0} /s   p50 {:>8.0} µs   p99 {:>8.0} µs",
                name(what, engine),
                run.rate(),
                run.quantile(0.5),
                run.quantile(0.99)
            );
            series.entry(what).or_default().push(run);
        }
    }
    let rows = verdicts(engine, &series)?;
    let of = |what| series.get(&what).ok_or("a measurement is missing");
    let mut latencies = Vec::new();
    for (what, load) in
        [(What::Refresh, Load::Refresh), (What::Me, Load::Me), (What::Logins, Load::Login), (What::Mixed, Load::Mixed)]
    {
        let closed = of(what)?;
        latencies.push(closed.row(engine, load.name(), "closed loop"));
        for part in PARTS {
            let rate = closed.rate() * part;
            scene.turn_to(load);
            let pace = bench.pace();
            let run = bench.open(&mut scene.visitors, rate, pace)?;
            scene.jeton.trim_log();
            eprintln!(
                "  {:<8} open loop at {rate:>7.0} /s   p50 {:>8.0} µs   p99 {:>8.0} µs",
                load.name(),
                run.quantile(0.5),
                run.quantile(0.99)
            );
            let mut series = Series::default();
            series.push(run);
            latencies.push(series.row(engine, load.name(), &format!("open loop, {:.0} %", part * 100.0)));
        }
    }
    for what in [What::Commits, What::Route, What::Hashes] {
        latencies.push(of(what)?.row(engine, &name(what, engine), "closed loop"));
    }
    scene.jeton.stop()?;
    Ok(Found { rows, latencies })
}

fn name(what: What, engine: &str) -> String {
    match what {
        What::Commits if engine == "SQLite" => "bare commits, one by one".to_owned(),
        What::Commits => format!("bare commits, {CONNECTIONS} connections"),
        What::Route => "bare axum route".to_owned(),
        What::Hash => "bare argon2id, one thread".to_owned(),
        What::Hashes => "bare argon2id, every core".to_owned(),
        What::Refresh => "refresh".to_owned(),
        What::Me => "me".to_owned(),
        What::Login => "login, one client".to_owned(),
        What::Logins => "login".to_owned(),
        What::Mixed => "mixed".to_owned(),
    }
}

impl Scene {
    fn set(bench: &mut Bench, engine: &str, sessions: u64) -> Outcome<Self> {
        let database = if engine == "PostgreSQL" { Some(bench.postgres()?) } else { None };
        let site = Site::new(&bench.settings.data, database.as_ref().map(TestDatabase::url))?;
        bench.work(site.seed(Size::of(sessions), false))?;
        let commits = match &database {
            Some(database) => Commits::Postgres(bench.work(postgres::Commits::prepare(database.url(), CONNECTIONS))?),
            None => Commits::Sqlite(sqlite::Commits::prepare(site.folder())?),
        };
        let jeton = Jeton::start(&bench.settings.binary, &site)?;
        let tokens = Rc::new(Tokens::under(&master())?);
        let mut visitors = Visitor::several(bench.settings.clients, jeton.address, sessions, &tokens)?;
        let answer = bench.clients(async {
            for visitor in &mut visitors {
                visitor.register().await?;
            }
            visitors.first_mut().ok_or("there are no clients")?.me().await
        })?;
        let route = BareRoute::start(&answer, site.folder())?;
        // It signs in to the account that the first visitor registered.
        let alone = Visitor::several(1, jeton.address, sessions, &tokens)?;
        Ok(Self { jeton, route, commits, visitors, alone, _site: site, _database: database })
    }

    fn turn_to(&mut self, load: Load) {
        for visitor in &mut self.visitors {
            visitor.turn_to(load, self.jeton.address);
        }
    }

    fn run(&mut self, bench: &Bench, what: What) -> Outcome<Run> {
        let cores = available_parallelism().map_or(1, usize::from);
        let pace = bench.pace();
        let load = match what {
            What::Commits => return self.commits.run(bench, pace),
            What::Hash => return hash::hashes(1, bench.pace_of(0.5)),
            What::Hashes => return hash::hashes(cores, pace),
            What::Login => {
                for visitor in &mut self.alone {
                    visitor.turn_to(Load::Login, self.jeton.address);
                }
                return bench.closed(&mut self.alone, bench.pace_of(0.5));
            }
            What::Route => {
                let address = self.route.address;
                for visitor in &mut self.visitors {
                    visitor.turn_to(Load::Me, address);
                }
                return bench.closed(&mut self.visitors, pace);
            }
            What::Refresh => Load::Refresh,
            What::Me => Load::Me,
            What::Logins => Load::Login,
            What::Mixed => Load::Mixed,
        };
        self.turn_to(load);
        let before = self.jeton.cpu();
        let mut run = bench.closed(&mut self.visitors, pace)?;
        run.cpu = self.jeton.cpu().zip(before).map(|(after, before)| after.saturating_sub(before));
        self.jeton.trim_log();
        Ok(run)
    }
}

/// The figures that have targets.
fn verdicts(engine: &str, series: &BTreeMap<What, Series>) -> Outcome<Vec<Value>> {
    let of = |what| series.get(&what).ok_or("a measurement is missing");
    let by_rate = |what: &'static str, ours: What, limit: What, limit_is: &'static str, target| -> Outcome<Value> {
        let (ours, limit) = (of(ours)?, of(limit)?);
        let ratio = Some(ours.ratio_to(limit, Run::rate));
        let (ours, limit) = (ours.rate(), limit.rate());
        let verdict = Verdict { what, engine, unit: "/s", ours, limit, limit_is, ratio, sense: Sense::AtLeast, target };
        Ok(verdict.row())
    };
    let (refresh_limit, refresh_target) = if engine == "SQLite" {
        ("bare commits, one by one, synchronous=FULL", 5.0)
    } else {
        ("bare one-row commits, same driver, 16 connections, as many clients", 0.6)
    };
    let middle = |run: &Run| run.quantile(0.5);
    let (login, hash) = (of(What::Login)?, of(What::Hash)?);
    Ok(vec![
        by_rate("refresh over HTTP", What::Refresh, What::Commits, refresh_limit, refresh_target)?,
        by_rate("GET /v1/me", What::Me, What::Route, "a bare axum route that answers the same bytes", 0.8)?,
        Verdict {
            what: "login, one client, p50",
            engine,
            unit: "µs",
            ours: login.quantile(0.5),
            limit: hash.quantile(0.5),
            limit_is: "one bare argon2id hash",
            ratio: Some(login.ratio_to(hash, middle)),
            sense: Sense::AtMost,
            target: 1.05,
        }
        .row(),
        by_rate("login, throughput", What::Logins, What::Hashes, "bare argon2id hashes on every core", 0.95)?,
    ])
}
