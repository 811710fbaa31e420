//! What a table of many sessions costs: the same load on tables of several sizes, in turn.

use std::rc::Rc;

use serde_json::{Value, json};
use store_diesel::testing::TestDatabase;

use crate::bench::{Bench, free_bytes};
use crate::figures::{Run, Sense, Series, Verdict};
use crate::outcome::Outcome;
use crate::seed::{Size, Tokens};
use crate::server::{Jeton, Site, master};
use crate::visitor::{Load, Visitor};

/// What a session takes on a disk while it is seeded: row, indexes, its share of accounts, and the log.
const BYTES_A_SESSION: u64 = 900;
/// What is left free in any case.
const SPARE: u64 = 2 * 1024 * 1024 * 1024;
/// The rate of each run, as a part of what the smallest table answers in a closed loop.
const PART: f64 = 0.5;
/// Access tokens that a client lists sessions with, each of another account.
const LISTED: usize = 20;

pub(crate) struct Found {
    pub(crate) rows: Vec<Value>,
    pub(crate) curves: Vec<Value>,
}

struct Table {
    sessions: u64,
    jeton: Jeton,
    visitors: Vec<Visitor>,
    refresh: Series,
    list: Series,
    // Dropped after the server.
    _site: Site,
    _database: Option<TestDatabase>,
}

pub(crate) fn measure(bench: &mut Bench, engine: &str, sizes: &[u64]) -> Outcome<Found> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes.dedup();
    let mut tables = Vec::new();
    for sessions in sizes {
        let needed = sessions * BYTES_A_SESSION + SPARE;
        match free_bytes(&bench.settings.data) {
            Some(free) if free < needed => bench.note(format!(
                "{engine}: {sessions} sessions were NOT measured: they need {} GiB of disk, and {} are free",
                needed >> 30,
                free >> 30
            )),
            _ => tables.push(Table::fill(bench, engine, sessions)?),
        }
    }
    for load in [Load::Refresh, Load::List] {
        let rate = PART * first(bench, &mut tables, load)?;
        for round in 1..=bench.settings.rounds {
            eprintln!("{engine}: {} at {rate:.0} /s, round {round} of {}", load.name(), bench.settings.rounds);
            for table in &mut tables {
                table.run(bench, load, rate)?;
            }
        }
    }
    let found = found(engine, &tables);
    for table in tables {
        table.jeton.stop()?;
    }
    Ok(found)
}

/// The closed loop's throughput on the smallest table; every table is warmed up on the way.
fn first(bench: &Bench, tables: &mut [Table], load: Load) -> Outcome<f64> {
    let mut first = None;
    for table in tables {
        for visitor in &mut table.visitors {
            visitor.turn_to(load, table.jeton.address);
        }
        let pace = bench.pace();
        let rate = bench.closed(&mut table.visitors, pace)?.rate();
        eprintln!("  {:>9} sessions: {rate:.0} {} /s in a closed loop", table.sessions, load.name());
        first.get_or_insert(rate);
    }
    first.ok_or_else(|| "no size was measured".into())
}

impl Table {
    fn fill(bench: &mut Bench, engine: &str, sessions: u64) -> Outcome<Self> {
        eprintln!("\n{engine}: seeding {sessions} sessions");
        let database = if engine == "PostgreSQL" { Some(bench.postgres()?) } else { None };
        let site = Site::new(&bench.settings.data, database.as_ref().map(TestDatabase::url))?;
        bench.work(site.seed(Size::of(sessions), false))?;
        let jeton = Jeton::start(&bench.settings.binary, &site)?;
        let tokens = Rc::new(Tokens::under(&master())?);
        let mut visitors = Visitor::several(bench.settings.clients, jeton.address, sessions, &tokens)?;
        bench.clients(async {
            for visitor in &mut visitors {
                visitor.sign_in_seeded(LISTED).await?;
            }
            Outcome::Ok(())
        })?;
        let (refresh, list) = (Series::default(), Series::default());
        Ok(Self { sessions, jeton, visitors, refresh, list, _site: site, _database: database })
    }

    fn run(&mut self, bench: &Bench, load: Load, rate: f64) -> Outcome<()> {
        for visitor in &mut self.visitors {
            visitor.turn_to(load, self.jeton.address);
        }
        let pace = bench.pace();
        let run = bench.open(&mut self.visitors, rate, pace)?;
        self.jeton.trim_log();
        let (p50, p99) = (run.quantile(0.5), run.quantile(0.99));
        eprintln!("  {:>9} sessions   p50 {p50:>8.0} µs   p99 {p99:>8.0} µs", self.sessions);
        if load == Load::Refresh {
            self.refresh.push(run);
        } else {
            self.list.push(run);
        }
        Ok(())
    }
}

/// Every size beside the smallest one.
fn found(engine: &str, tables: &[Table]) -> Found {
    let tail = |run: &Run| run.quantile(0.99);
    let mut rows = Vec::new();
    for table in tables.iter().skip(1) {
        let Some(smallest) = tables.first() else { continue };
        for (load, ours, limit) in
            [("refresh", &table.refresh, &smallest.refresh), ("list of sessions", &table.list, &smallest.list)]
        {
            let (what, limit_is) = (
                format!("{load} p99, {} sessions", table.sessions),
                format!("p99 with {} sessions", smallest.sessions),
            );
            let verdict = Verdict {
                what: &what,
                engine,
                unit: "µs",
                ours: ours.quantile(0.99),
                limit: limit.quantile(0.99),
                limit_is: &limit_is,
                ratio: Some(ours.ratio_to(limit, tail)),
                sense: Sense::AtMost,
                target: 1.25,
            };
            rows.push(verdict.row());
        }
    }
    let curves = tables.iter().flat_map(|table| {
        [("refresh", &table.refresh), ("list of sessions", &table.list)].map(|(load, series)| {
            let mut row = series.row(engine, load, "open loop");
            if let Some(row) = row.as_object_mut() {
                row.insert("sessions".to_owned(), json!(table.sessions));
            }
            row
        })
    });
    Found { rows, curves: curves.collect() }
}
