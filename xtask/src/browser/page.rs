//! A browser with one page: where it goes, what it shows, what is typed and pressed, what it logs.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::driver::{Driver, Looks};
use crate::run::Failure;

/// How long a page may take to show what was asked for.
const PATIENCE: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(40);
/// Under this name `WebDriver` hands elements around (W3C `WebDriver` §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const LOCATE: &str = include_str!("locate.js");

/// A browser with one page. It closes when this is dropped.
pub(super) struct Page<'a> {
    driver: &'a Driver,
    session: String,
    origin: String,
    pub(super) looks: Looks,
}

/// An element of the page.
pub(super) struct Element(Value);

/// What to look for: a kind of element, by the name that assistive technology reads out.
pub(super) struct Wanted<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    /// The smallest row, item, card or form with this text in it; the whole page without.
    pub(super) within: Option<&'a str>,
}

impl<'a> Page<'a> {
    pub(super) fn new(driver: &'a Driver, session: &str, origin: &str, looks: Looks) -> Result<Self, Failure> {
        let page = Self { driver, session: session.to_owned(), origin: origin.to_owned(), looks };
        let authenticator = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
        });
        page.send("POST", "/webauthn/authenticator", Some(authenticator))?;
        page.wear(looks.dark)?;
        // As on phones; they would narrow a page that is as wide as a phone.
        page.devtools("Emulation.setScrollbarsHidden", &json!({ "hidden": true }))?;
        Ok(page)
    }

    /// Light or dark, as the system would say it.
    fn wear(&self, dark: bool) -> Result<(), Failure> {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features })).map(drop)
    }

    /// Light, dark or the system's (`auto`), as the page's own choice sets it.
    pub(super) fn choose_colours(&self, theme: &str) -> Result<(), Failure> {
        let choose = "const select = document.getElementById('theme');
            select.value = arguments[0]; select.dispatchEvent(new Event('change'));";
        self.script(choose, &json!([theme])).map(drop)
    }

    /// How many CSS pixels the page has.
    pub(super) fn resize(&self, width: u32, height: u32) -> Result<(), Failure> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).map(drop)
    }

    /// Opens a path of the origin, from scratch.
    pub(super) fn open(&self, path: &str) -> Result<(), Failure> {
        // A new fragment alone would not load the page again.
        self.send("POST", "/url", Some(json!({ "url": "about:blank" })))?;
        self.send("POST", "/url", Some(json!({ "url": format!("{}{path}", self.origin) }))).map(drop)
    }

    pub(super) fn reload(&self) -> Result<(), Failure> {
        self.send("POST", "/refresh", Some(json!({}))).map(drop)
    }

    pub(super) fn button(&self, name: &str) -> Result<(), Failure> {
        self.click(&Wanted { kind: "button", name, within: None })
    }

    pub(super) fn button_of(&self, within: &str, name: &str) -> Result<(), Failure> {
        self.click(&Wanted { kind: "button", name, within: Some(within) })
    }

    pub(super) fn link(&self, name: &str) -> Result<(), Failure> {
        self.click(&Wanted { kind: "link", name, within: None })
    }

    fn click(&self, wanted: &Wanted<'_>) -> Result<(), Failure> {
        // A page that renders anew between the look and the click is looked at again.
        self.until(&format!("a {} “{}” to press", wanted.kind, wanted.name), || {
            let Some(Element(id)) = self.look_for(wanted)? else { return Ok(None) };
            let id = id.as_str().unwrap_or_default();
            Ok(self.send("POST", &format!("/element/{id}/click"), Some(json!({}))).ok())
        })
        .map(drop)
    }

    /// Types into the field with this label, in the place of what is there.
    pub(super) fn fill(&self, label: &str, text: &str) -> Result<(), Failure> {
        self.fill_wanted(&Wanted { kind: "field", name: label, within: None }, text)
    }

    pub(super) fn fill_of(&self, within: &str, label: &str, text: &str) -> Result<(), Failure> {
        self.fill_wanted(&Wanted { kind: "field", name: label, within: Some(within) }, text)
    }

    fn fill_wanted(&self, wanted: &Wanted<'_>, text: &str) -> Result<(), Failure> {
        self.until(&format!("a field “{}”", wanted.name), || {
            let Some(Element(id)) = self.look_for(wanted)? else { return Ok(None) };
            let id = id.as_str().unwrap_or_default();
            let cleared = self.send("POST", &format!("/element/{id}/clear"), Some(json!({})));
            // A list of choices cannot be cleared; its own keys choose.
            let _ = cleared;
            Ok(self.send("POST", &format!("/element/{id}/value"), Some(json!({ "text": text }))).ok())
        })
        .map(drop)
    }

    /// Waits until the page has it.
    pub(super) fn find(&self, wanted: &Wanted<'_>) -> Result<Element, Failure> {
        self.until(&format!("a {} “{}”", wanted.kind, wanted.name), || self.look_for(wanted))
    }

    pub(super) fn has(&self, wanted: &Wanted<'_>) -> Result<bool, Failure> {
        Ok(self.look_for(wanted)?.is_some())
    }

    fn look_for(&self, wanted: &Wanted<'_>) -> Result<Option<Element>, Failure> {
        let found = self.script(LOCATE, &json!([wanted.kind, wanted.name, wanted.within]))?;
        Ok(found.get(ELEMENT).cloned().map(Element))
    }

    /// Waits until the page shows the text.
    pub(super) fn sees(&self, text: &str) -> Result<(), Failure> {
        self.until(&format!("the words “{text}”"), || Ok(self.shows(text)?.then_some(())))
    }

    /// Waits until the page shows the text no more.
    pub(super) fn sees_no(&self, text: &str) -> Result<(), Failure> {
        self.until(&format!("the words “{text}” to go"), || Ok((!self.shows(text)?).then_some(())))
    }

    fn shows(&self, text: &str) -> Result<bool, Failure> {
        Ok(self.text()?.contains(text))
    }

    /// What the page shows, as a reader sees it.
    pub(super) fn text(&self) -> Result<String, Failure> {
        let text = self.script("return document.body.innerText;", &json!([]))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Asks again and again until there is an answer.
    pub(super) fn until<T>(&self, what: &str, ask: impl Fn() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
        let start = Instant::now();
        loop {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            if start.elapsed() > PATIENCE {
                let path = self.script("return location.pathname + location.hash;", &json!([]))?;
                let shown = self.text()?;
                return Err(Failure::new(format!("the page {path} does not show {what}; it shows:\n{shown}")));
            }
            sleep(POLL);
        }
    }

    /// Runs the body of a function in the page and gives what it returns.
    pub(super) fn script(&self, script: &str, arguments: &Value) -> Result<Value, Failure> {
        self.send("POST", "/execute/sync", Some(json!({ "script": script, "args": arguments })))
    }

    /// The same for one that calls back: its last argument.
    pub(super) fn script_async(&self, script: &str, arguments: &Value) -> Result<Value, Failure> {
        self.send("POST", "/execute/async", Some(json!({ "script": script, "args": arguments })))
    }

    /// Presses and releases a key, by its code in `WebDriver` §17.4.2 or as a letter.
    pub(super) fn key(&self, key: &str) -> Result<(), Failure> {
        let actions = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.send("POST", "/actions", Some(json!({ "actions": [keyboard] }))).map(drop)
    }

    /// Types letter by letter into whatever has the focus.
    pub(super) fn type_keys(&self, text: &str) -> Result<(), Failure> {
        let both = |letter: char| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": letter.to_string() }));
        let actions: Vec<_> = text.chars().flat_map(both).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.send("POST", "/actions", Some(json!({ "actions": [keyboard] }))).map(drop)
    }

    /// The entries of a log since it was last read.
    pub(super) fn log(&self, kind: &str) -> Result<Vec<Value>, Failure> {
        let entries = self.send("POST", "/se/log", Some(json!({ "type": kind })))?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// A command of the browser's own protocol.
    pub(super) fn devtools(&self, command: &str, parameters: &Value) -> Result<Value, Failure> {
        self.send("POST", "/goog/cdp/execute", Some(json!({ "cmd": command, "params": parameters })))
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    fn send(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        self.driver.send(method, &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        let _ = self.send("DELETE", "", None);
    }
}
