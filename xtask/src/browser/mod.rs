//! `cargo xtask browser`: the console page and passkeys in a real Chromium, driven by `WebDriver`.

mod accessibility;
mod admin;
mod console;
mod driver;
mod gallery;
mod keyboard;
mod page;
mod passkeys;
mod people;
mod stage;
mod tour;
mod watch;
mod workshop;

use std::time::Instant;

use clap::{Args, ValueEnum};

use self::stage::Stage;
use crate::run::Failure;

/// Let a real browser use the console page, and passkeys, as people do.
///
/// Starts `jeton serve` on SQLite, and headless Chromiums with virtual authenticators. Screenshots of every view go to
/// target/browser/screenshots; its index.html shows them in order. Needs Chromium, chromedriver, and npm for axe-core.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask browser\n  \
    cargo xtask browser --only passkeys --headed\n  \
    cargo xtask ci --skip browser        where Chromium cannot be had")]
pub(crate) struct Browser {
    /// Show the browsers' windows.
    #[arg(long)]
    headed: bool,
    /// Play only this scene; may be given again.
    #[arg(long, value_enum)]
    only: Vec<Scene>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scene {
    /// Passkeys by the HTTP interface alone.
    Passkeys,
    /// The console page, from signing up to the last passkey.
    Console,
    /// Tokens shown, bent, rotated and replayed in the workshop.
    Workshop,
    /// Users, sessions, events and keys in the hands of an operator.
    Admin,
    /// All of it without a mouse.
    Keyboard,
    /// Every view in both languages, in light and dark.
    Tour,
}

impl Scene {
    fn play(self, stage: &Stage) -> Result<(), Failure> {
        match self {
            Self::Passkeys => passkeys::play(stage),
            Self::Console => console::play(stage),
            Self::Workshop => workshop::play(stage),
            Self::Admin => admin::play(stage),
            Self::Keyboard => keyboard::play(stage),
            Self::Tour => tour::play(stage),
        }
    }
}

impl Browser {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let stage = Stage::set(self.headed)?;
        let scenes = Scene::value_variants().iter().copied();
        let mut failed = Vec::new();
        for scene in scenes.filter(|scene| self.only.is_empty() || self.only.contains(scene)) {
            let name = scene.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            println!("\n--- {name}");
            let start = Instant::now();
            if let Err(failure) = scene.play(&stage) {
                println!("{failure}");
                failed.push(format!("{name}: {failure}"));
            }
            println!("--- {name}: {:.1} s", start.elapsed().as_secs_f32());
        }
        let sheet = stage.gallery.close()?;
        println!("\n{} screenshots: {}", stage.gallery.count(), sheet.display());
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n"))) }
    }
}
