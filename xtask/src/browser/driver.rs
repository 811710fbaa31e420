//! A small `WebDriver` client over chromedriver.
//!
//! Our own: half of what the scenes need (virtual authenticators, logs, the `DevTools` protocol) are raw calls in every client
//! library too, and those bring an async runtime into a program that everybody compiles.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::page::Page;
use crate::http::{Call, Client};
use crate::run::Failure;
use crate::scratch::free_address;

const MISSING: &str =
    "Chromium and its driver are needed: `apt-get install chromium chromium-driver`, or what your system calls them";
/// What keeps a browser to itself: no first-run pages, no updates, no calls home.
const FLAGS: [&str; 9] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
];

/// A running chromedriver.
pub(super) struct Driver {
    child: Child,
    client: Client,
    headed: bool,
}

impl Driver {
    pub(super) fn start(headed: bool) -> Result<Self, Failure> {
        let address = free_address()?;
        let port = address.rsplit(':').next().unwrap_or_default();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| Failure::new(format!("{MISSING} (chromedriver: {error})")))?;
        let driver = Self { child, client: Client::new(&format!("http://{address}")), headed };
        for _ in 0..200 {
            if TcpStream::connect(&address).is_ok() {
                return Ok(driver);
            }
            sleep(Duration::from_millis(50));
        }
        Err(Failure::new("chromedriver does not answer"))
    }

    /// Opens a browser of its own, with an empty profile and a virtual authenticator, for pages of this origin.
    pub(super) fn open(&self, origin: &str, looks: Looks) -> Result<Page<'_>, Failure> {
        let mut arguments = FLAGS.to_vec();
        if !self.headed {
            arguments.push("--headless=new");
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "intl.accept_languages": looks.language, "intl.selected_languages": looks.language },
                "perfLoggingPrefs": { "enableNetwork": true, "enablePage": false },
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "webauthn:virtualAuthenticators": true,
        } } });
        let opened = self.send("POST", "/session", Some(wanted))?;
        let session = opened.get("sessionId").and_then(Value::as_str).unwrap_or_default();
        Page::new(self, session, origin, looks)
    }

    pub(super) fn send(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let answer = self.client.send(&Call { method, path, body, ..Call::default() })?;
        let value = answer.body.get("value").cloned().unwrap_or_default();
        if answer.status == 200 {
            return Ok(value);
        }
        let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
        let hint = if path == "/session" { format!("{MISSING}: ") } else { String::new() };
        Err(Failure::new(format!("{hint}the browser refused {path}: {}", message.lines().next().unwrap_or_default())))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a browser's owner has chosen.
#[derive(Clone, Copy)]
pub(super) struct Looks {
    /// The language that pages are asked for in.
    pub(super) language: &'static str,
    /// Light letters on a dark ground.
    pub(super) dark: bool,
}

impl Looks {
    pub(super) const LIGHT: Self = Self { language: "en", dark: false };
    pub(super) const DARK: Self = Self { language: "en", dark: true };
    pub(super) const KOREAN: Self = Self { language: "ko", dark: true };

    pub(super) fn name(self) -> String {
        format!("{}-{}", self.language, if self.dark { "dark" } else { "light" })
    }
}
