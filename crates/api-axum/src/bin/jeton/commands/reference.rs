//! `jeton reference`: the names and defaults that the book's tables are held against, as JSON. Hidden: `cargo xtask reference` calls it.

use api_axum::ProblemCode;
use api_axum::measure::{METRICS, MetricKind};
use auth_domain::model::EventKind;
use serde_json::{Value, json};

use super::print;
use crate::config::KEYS;
use crate::failure::Failure;

pub(super) fn run() -> Result<(), Failure> {
    print(&format!("{:#}\n", tables()))
}

fn tables() -> Value {
    let settings = KEYS.iter().map(|key| json!({"name": key.name, "variable": key.variable(), "default": key.default}));
    let problems =
        ProblemCode::ALL.iter().map(|code| json!({"name": code.code(), "status": code.status().as_u16().to_string()}));
    let metrics = METRICS.iter().map(|metric| json!({"name": metric.name, "kind": kind(metric.kind)}));
    json!({
        "settings": settings.collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
        "events": EventKind::ALL.iter().map(|kind| json!({"name": kind.as_str()})).collect::<Vec<_>>(),
        "metrics": metrics.collect::<Vec<_>>(),
    })
}

const fn kind(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    }
}
