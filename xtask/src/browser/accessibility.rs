//! axe-core on a page: no violation of WCAG 2.2 A and AA, nor of its best practices.

use std::fs;

use serde_json::{Value, json};

use super::page::Page;
use crate::npm::packages;
use crate::run::Failure;

/// `WebDriver` puts scripts into a page past its Content-Security-Policy, so that stays on while it is judged.
const RUN: &str = "const done = arguments[arguments.length - 1];
    // Colours that are on their way to others are not those that people read.
    const settled = new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      .then(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
    settled.then(() => axe.run(document, { resultTypes: ['violations'] })).then(
      ({ violations }) => done({ violations: violations.map(({ id, help, nodes }) => ({
        id, help, where: nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary}`).slice(0, 3) })) }),
      (why) => done({ failed: String(why) }));";

/// The rules, as a script.
pub(super) struct Axe(String);

impl Axe {
    pub(super) fn installed() -> Result<Self, Failure> {
        let purpose = "for axe-core to judge pages";
        let folder = packages("xtask/browser", "browser/node", purpose, "browser")?.folder;
        let path = folder.join("node_modules").join("axe-core").join("axe.min.js");
        fs::read_to_string(&path).map(Self).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }

    /// Judges what the page shows now.
    pub(super) fn judge(&self, page: &Page<'_>, name: &str) -> Result<(), Failure> {
        let loaded = page.script("return typeof axe;", &json!([]))?;
        if loaded != "object" {
            page.script(&self.0, &json!([]))?;
        }
        let outcome = page.script_async(RUN, &json!([]))?;
        let Some(violations) = outcome.get("violations").and_then(Value::as_array) else {
            return Err(Failure::new(format!("axe-core did not run on `{name}`: {outcome}")));
        };
        if violations.is_empty() {
            return Ok(());
        }
        let found: Vec<_> = violations.iter().map(Value::to_string).collect();
        Err(Failure::new(format!("axe-core finds in `{name}` ({}):\n{}", page.looks.name(), found.join("\n"))))
    }
}
