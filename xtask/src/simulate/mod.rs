//! `cargo xtask simulate`: many users in many regions; arithmetic, and a simulation of the revocation feed that checks it.

mod feed;
mod sizes;
mod world;

use std::fs;

use clap::Args;

use crate::run::{Failure, root};
use feed::simulate;
use world::{Arithmetic, WAYS, Way, link, one_way};

const PAGE: &str = "docs/explanation/scaling.md";
const BEGIN: &str = "<!-- simulation -->";
const END: &str = "<!-- /simulation -->";

/// Say what many users in many regions cost, and check it by a simulation of the revocation feed.
///
/// Users are spread evenly over the regions, and each region over its databases. Nothing is started, and nothing is written
/// without `--write`.
#[derive(Args, Clone)]
#[command(after_help = "Examples:\n  \
    cargo xtask simulate                          a hundred million users in ten regions\n  \
    cargo xtask simulate --users 1000000 --regions 1\n  \
    cargo xtask simulate --write                  puts the table into docs/explanation/scaling.md")]
pub(crate) struct Simulate {
    /// How many users there are.
    #[arg(long, default_value_t = 100_000_000)]
    users: u32,
    /// How many regions they live in.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    regions: u32,
    /// The share of users that have a client running at the busiest time.
    #[arg(long, default_value_t = 0.1)]
    online: f64,
    /// How often a running client refreshes, in seconds.
    #[arg(long, default_value_t = 840, value_parser = clap::value_parser!(u32).range(1..))]
    refresh_every: u32,
    /// Logins of one user a day.
    #[arg(long, default_value_t = 0.1)]
    logins_per_day: f64,
    /// Sessions of one user that are ended a day: signed out, evicted, replayed.
    #[arg(long, default_value_t = 0.1)]
    ends_per_day: f64,
    /// How long an access token lives, in seconds: for as long an entry stays in the feed.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..))]
    access_ttl: u32,
    /// Resource servers in each region.
    #[arg(long, default_value_t = 50)]
    readers: u32,
    /// Refreshes a second that one PostgreSQL is given to do.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    refreshes_per_database: u32,
    /// Bytes of PostgreSQL's log for one refresh, without page images: see the measured cost.
    #[arg(long, default_value_t = 220)]
    log_bytes: u32,
    /// Simulated seconds that are measured.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Put the table into docs/explanation/scaling.md.
    #[arg(long)]
    write: bool,
}

impl Simulate {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let fits = self.users > 0 && self.online > 0.0 && self.online <= 1.0 && self.ends_per_day > 0.0;
        if !fits || self.logins_per_day < 0.0 {
            return Err(Failure::new("users, --online (up to 1) and --ends-per-day have to be above 0"));
        }
        let table = self.table();
        println!("{table}");
        if self.write {
            write(&table)?;
        }
        Ok(())
    }

    fn table(&self) -> String {
        let sums = Arithmetic::of(self);
        let mut lines = vec![
            "What | Arithmetic | Simulated".to_owned(),
            "--- | --- | ---".to_owned(),
            format!("users, regions | {}, {} | ", grouped(f64::from(self.users)), self.regions),
            format!("refreshes a second | {} | ", grouped(sums.refreshes)),
            format!("logins a second | {} | ", grouped(sums.logins)),
            format!("sessions ended a second | {} | ", grouped(sums.ends)),
            format!(
                "databases a region, of {} refreshes a second | {} | ",
                grouped(f64::from(self.refreshes_per_database)),
                sums.databases_per_region
            ),
            format!("users of one database | {} | ", grouped(sums.users_per_database)),
            format!("its log, without page images | {}/s | ", bytes(sums.log_bytes_per_database)),
        ];
        let mut held = String::new();
        for way in WAYS {
            let seen = simulate(self, way, sums.ends);
            let (delay, answers) = self.expected(way, sums.ends);
            let bound = if way.is_bunched() { "at most " } else { "" };
            lines.push(format!(
                "commit to effect, mean: {} | {bound}{} | {}",
                way.words,
                millis(delay),
                millis(seen.mean())
            ));
            lines.push(format!(
                "the same, p99 and longest | | {}, {}",
                millis(seen.percentile(99)),
                millis(seen.percentile(100))
            ));
            lines.push(format!(
                "answers a second for one reader of all feeds | {bound}{answers:.1} | {:.1}",
                seen.answers
            ));
            if held.is_empty() {
                held = format!(
                    "entries live at once, mean | {} | {}\nentries live at once, at most | {} | {}",
                    grouped(sums.live_entries),
                    grouped(seen.mean_live()),
                    grouped(sums.most_entries()),
                    grouped(seen.most_live())
                );
            }
        }
        lines.push(held);
        let away = f64::from(self.regions - 1);
        lines.extend([
            format!("memory of the set, at each node and reader | {} | ", bytes(sums.set_bytes)),
            format!("snapshot for a reader that starts | {} | ", bytes(sums.snapshot_bytes)),
            format!("feed of all regions, for one reader | {}/s | ", bytes(sums.feed_bytes)),
            format!(
                "feed between regions, {} readers in each | {}/s | ",
                self.readers,
                bytes(sums.feed_bytes * away * f64::from(self.readers))
            ),
            format!("the same with one relay in each | {}/s | ", bytes(sums.feed_bytes * away)),
        ]);
        lines.join("\n") + "\n"
    }

    /// The mean delay over all pairs of regions, and the answers a second that one reader gets from all feeds.
    fn expected(&self, way: Way, ends: f64) -> (f64, f64) {
        let regions = f64::from(self.regions);
        let rate = ends / regions;
        let links: Vec<_> = (0..self.regions).map(|home| link(way, rate, one_way(home, 0, self.regions))).collect();
        let delay = links.iter().map(|(delay, _)| delay).sum::<f64>() / regions;
        (delay, links.iter().map(|(_, turn)| 1.0 / turn).sum())
    }
}

fn write(table: &str) -> Result<(), Failure> {
    let path = root().join(PAGE);
    let failed = |error| Failure::new(format!("{PAGE}: {error}"));
    let page = fs::read_to_string(&path).map_err(failed)?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| Failure::new(format!("{PAGE} has no `{BEGIN}` and `{END}`")))?;
    fs::write(&path, format!("{before}{BEGIN}\n{table}{END}{after}")).map_err(failed)?;
    println!("written to {PAGE}");
    Ok(())
}

/// A whole number with commas.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(number: f64) -> String {
    match number {
        number if number < 1e3 => format!("{number:.0} B"),
        number if number < 1e6 => format!("{:.1} kB", number / 1e3),
        number => format!("{:.1} MB", number / 1e6),
    }
}

fn millis(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1e3)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::world::{Arithmetic, Sight, WAYS, Way};
    use super::{Simulate, grouped, one_way, simulate};

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        flags: Simulate,
    }

    fn flags(arguments: &str) -> Simulate {
        Flags::parse_from(std::iter::once("simulate").chain(arguments.split_whitespace())).flags
    }

    #[track_caller]
    fn assert_near(simulated: f64, expected: f64, share: f64) {
        assert!((simulated / expected - 1.0).abs() <= share, "{simulated} is not {expected} within {share}");
    }

    fn compare(flags: &Simulate, way: Way, share: f64) {
        let sums = Arithmetic::of(flags);
        let seen = simulate(flags, way, sums.ends);
        let (delay, answers) = flags.expected(way, sums.ends);
        assert_near(seen.mean(), delay, share);
        assert_near(seen.answers, answers, share);
        assert_near(seen.mean_live(), sums.live_entries, 0.03);
        assert!(seen.most_live() <= sums.most_entries(), "{}", seen.most_live());
    }

    /// Where commits are seen at once the formula is exact: what is left is chance, and the network's jitter.
    #[test]
    fn the_simulation_agrees_with_the_arithmetic_within_two_percent() {
        compare(&flags("--seconds 600"), WAYS[0], 0.02);
        compare(&flags("--seconds 600 --seed 2"), WAYS[0], 0.02);
        compare(&flags("--seconds 600 --users 20000000 --regions 4"), WAYS[0], 0.02);
    }

    /// Readers that rest: they are deaf for a known time.
    #[test]
    fn readers_that_rest_agree_too() {
        compare(&flags("--seconds 600"), Way { sight: Sight::After(0.1), ..WAYS[2] }, 0.02);
        compare(&flags("--seconds 600"), WAYS[2], 0.02);
    }

    /// Nodes that ask every 200 ms see entries in bunches: one answer takes a whole bunch along. The formula is a bound then.
    #[test]
    fn bunches_are_never_slower_than_the_arithmetic_says() {
        for flags in [flags(""), flags("--users 10000000"), flags("--users 500000000 --seconds 60")] {
            let sums = Arithmetic::of(&flags);
            let seen = simulate(&flags, WAYS[1], sums.ends);
            let (delay, answers) = flags.expected(WAYS[1], sums.ends);
            let travel = (0..flags.regions).map(|home| one_way(home, 0, flags.regions)).sum::<f64>();
            assert!(seen.mean() <= delay * 1.02, "{} {delay}", seen.mean());
            assert!(seen.mean() >= (0.1 + travel / f64::from(flags.regions)) * 0.98, "{}", seen.mean());
            assert!(seen.answers <= answers * 1.02, "{} {answers}", seen.answers);
        }
    }

    /// SECURITY I3, across regions, as far as the network lets it.
    #[test]
    fn every_entry_is_in_effect_everywhere_within_a_second() {
        let flags = flags("");
        for way in &WAYS[..2] {
            assert!(simulate(&flags, *way, Arithmetic::of(&flags).ends).percentile(100) < 1.0, "{}", way.words);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_table() {
        let flags = flags("--seconds 10 --users 1000000 --regions 3");
        assert_eq!(flags.table(), flags.table());
        let other = Simulate { seed: 2, ..flags.clone() };
        assert_ne!(flags.table(), other.table());
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([grouped(7.0), grouped(1_234.4), grouped(1e8)], ["7", "1,234", "100,000,000"]);
    }
}
