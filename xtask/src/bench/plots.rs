//! The plots beside docs/explanation/benchmarks.md, as SVG.

use std::path::Path;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use serde_json::Value;

use super::report::{list, number, text};
use crate::run::Failure;

const SIZE: (u32, u32) = (960, 480);
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0xd6, 0x27, 0x28),
    RGBColor(0x2c, 0xa0, 0x2c),
    RGBColor(0xff, 0x7f, 0x0e),
    RGBColor(0x94, 0x67, 0xbd),
    RGBColor(0x8c, 0x56, 0x4b),
    RGBColor(0xe3, 0x77, 0xc2),
    RGBColor(0x7f, 0x7f, 0x7f),
];

/// A line of a plot: its name and its points.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Draws what there are figures for, and says which plots those are.
pub(super) fn draw(load: &Value, growth: &Value, operations: &[Value], folder: &Path) -> Result<Vec<String>, Failure> {
    let mut drawn = Vec::new();
    let mut keep = |name: &str, outcome: Option<Result<(), String>>| match outcome {
        None => Ok(()),
        Some(Ok(())) => {
            drawn.push(name.to_owned());
            Ok(())
        }
        Some(Err(error)) => Err(Failure::new(format!("{name}.svg cannot be drawn: {error}"))),
    };
    for engine in ["SQLite", "PostgreSQL"] {
        let name = format!("latency-{}", engine.to_lowercase());
        keep(&name, latency(load, engine, &folder.join(format!("{name}.svg"))))?;
    }
    keep("growth", growth_curve(growth, &folder.join("growth.svg")))?;
    keep("ratios", ratios(load, growth, operations, &folder.join("ratios.svg")))?;
    Ok(drawn)
}

/// Latency by percentile. Each step to the right is one more nine.
fn latency(load: &Value, engine: &str, path: &Path) -> Option<Result<(), String>> {
    let rows = list(load, "latencies").iter();
    let open = rows.filter(|row| text(row, "engine") == engine && text(row, "way").starts_with("open"));
    let lines: Vec<Line> = open
        .map(|row| Line {
            name: format!("{}, {}", text(row, "load"), text(row, "way")),
            points: pairs(row).map(|(part, microseconds)| (nines(part), microseconds)).collect(),
        })
        .collect();
    let words = format!("{engine}: latency at a fixed rate, counted from the intended start");
    chart(path, &words, &lines, "percentile", &|x| percentile(*x))
}

fn growth_curve(growth: &Value, path: &Path) -> Option<Result<(), String>> {
    let mut lines: Vec<Line> = Vec::new();
    for row in list(growth, "curves") {
        for (figure, words) in [("p50_us", "p50"), ("p99_us", "p99")] {
            let name = format!("{}, {} {words}", text(row, "engine"), text(row, "load"));
            let point = (number(row, "sessions").log10(), number(row, figure));
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name, points: vec![point] }),
            }
        }
    }
    let words = "Latency by the size of the table, at the same rate for every size";
    chart(path, words, &lines, "sessions", &|x| format!("10^{x:.0}"))
}

/// Lines over a linear x axis and a logarithmic y axis in microseconds.
fn chart(
    path: &Path,
    words: &str,
    lines: &[Line],
    x_words: &str,
    x_label: &dyn Fn(&f64) -> String,
) -> Option<Result<(), String>> {
    let points = || lines.iter().flat_map(|line| &line.points).filter(|(x, y)| x.is_finite() && *y > 0.0);
    let (left, right) = bounds(points().map(|point| point.0))?;
    let (low, high) = bounds(points().map(|point| point.1))?;
    let paint = || -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(words, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(80)
            .build_cartesian_2d(left..right.max(left + 1.0), (low / 1.5..high * 1.5).log_scale())?;
        chart
            .configure_mesh()
            .x_desc(x_words)
            .y_desc("µs")
            .x_labels(6)
            .x_label_formatter(x_label)
            .y_label_formatter(&|y| format!("{y:.0}"))
            .light_line_style(WHITE)
            .draw()?;
        for (line, colour) in lines.iter().zip(COLOURS.into_iter().cycle()) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), style))?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
        Ok(())
    };
    Some(paint().map_err(|error| error.to_string()))
}

/// How far each figure is from its target: 1 is the target, more is better.
fn ratios(load: &Value, growth: &Value, operations: &[Value], path: &Path) -> Option<Result<(), String>> {
    let over_http = list(load, "rows").iter().chain(list(growth, "rows")).map(|row| {
        let ratio = number(row, "ratio");
        let held = if ratio.is_nan() { number(row, "ours") } else { ratio };
        let target = number(row, "target");
        let margin = if text(row, "sense") == "at least" { held / target } else { target / held };
        (format!("{}, {}", text(row, "what"), text(row, "engine")), margin)
    });
    let of_libraries = operations.iter().flat_map(|bench| list(bench, "rows")).map(|row| {
        let by_time = number(row, "target_ns") / number(row, "ours_ns");
        let margin = if by_time.is_nan() { number(row, "target") / number(row, "ratio") } else { by_time };
        (text(row, "operation").to_owned(), margin)
    });
    let bars: Vec<(String, f64)> = over_http.chain(of_libraries).filter(|(_, margin)| margin.is_finite()).collect();
    if bars.is_empty() {
        return None;
    }
    Some(paint_bars(path, &bars).map_err(|error| error.to_string()))
}

fn paint_bars(path: &Path, bars: &[(String, f64)]) -> Result<(), Box<dyn std::error::Error>> {
    const MOST: f64 = 3.0;
    let count = u32::try_from(bars.len())?;
    let area = SVGBackend::new(path, (SIZE.0, 90 + 22 * count)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Each figure beside its target: from 1 on it is met", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(330)
        .build_cartesian_2d(0.0..MOST, Rows(bars.iter().map(|bar| bar.0.clone()).collect()))?;
    chart.configure_mesh().disable_y_mesh().y_labels(bars.len()).light_line_style(WHITE).draw()?;
    chart.draw_series(bars.iter().zip(0_i32..).map(|((_, margin), row)| {
        let colour = if *margin >= 1.0 { COLOURS.get(2) } else { COLOURS.get(1) }.copied().unwrap_or(BLACK);
        let (from, to) = (f64::from(row) - 0.35, f64::from(row) + 0.35);
        Rectangle::new([(0.0, from), (margin.min(MOST), to)], colour.mix(0.7).filled())
    }))?;
    let end = f64::from(count) - 0.5;
    chart.draw_series(LineSeries::new([(1.0, -0.5), (1.0, end)], BLACK.stroke_width(2)))?;
    area.present()?;
    Ok(())
}

/// An axis of named rows, from the top down.
struct Rows(Vec<String>);

impl Ranged for Rows {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (bottom, top): (i32, i32)) -> i32 {
        let rows = f64::from(u32::try_from(self.0.len()).unwrap_or(1).max(1));
        #[expect(clippy::cast_possible_truncation, reason = "a place within the picture")]
        let place = (f64::from(top - bottom) * (value + 0.5) / rows).round() as i32;
        // plotters counts a y axis from the bottom; the first row is at the top.
        top - place
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        (0..u32::try_from(self.0.len()).unwrap_or(0)).map(f64::from).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        -0.5..f64::from(u32::try_from(self.0.len()).unwrap_or(1)) - 0.5
    }
}

impl ValueFormatter<f64> for Rows {
    fn format_ext(&self, value: &f64) -> String {
        let at = (0_u32..).zip(&self.0).find(|(row, _)| (f64::from(*row) - value).abs() < 0.25);
        at.map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

fn pairs(row: &Value) -> impl Iterator<Item = (f64, f64)> {
    list(row, "curve").iter().filter_map(|pair| Some((pair.get(0)?.as_f64()?, pair.get(1)?.as_f64()?)))
}

fn nines(part: f64) -> f64 {
    -(1.0 - part).log10()
}

fn percentile(nines: f64) -> String {
    let part = 100.0 * (1.0 - 10_f64.powf(-nines));
    format!("p{}", (part * 1_000.0).round() / 1_000.0)
}

fn bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plots_are_well_formed_and_only_of_what_was_measured() {
        let folder = std::env::temp_dir().join(format!("jeton-plots-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let latency =
            json!({"engine": "SQLite", "load": "me", "way": "open loop, 50 %", "curve": [[0.5, 100.0], [0.99, 900.0]]});
        let row = json!({"what": "a < b & c", "engine": "SQLite", "ratio": 0.9, "sense": "at least", "target": 0.6});
        let load = json!({"latencies": [latency], "rows": [row]});
        let drawn = draw(&load, &Value::Null, &[], &folder).ok().unwrap();
        assert_eq!(drawn, ["latency-sqlite", "ratios"]);
        for name in &drawn {
            let svg = std::fs::read_to_string(folder.join(format!("{name}.svg"))).unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg:.100}");
            assert!(!svg.contains("a < b"), "text is escaped");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn percentiles_are_written_with_their_nines() {
        assert_eq!([0.0, 1.0, 2.0, 3.0, 4.0].map(percentile), ["p0", "p90", "p99", "p99.9", "p99.99"]);
    }
}
