//! What no page may do: ask another origin, break its own Content-Security-Policy, log an error.

use serde_json::Value;

use super::page::Page;
use crate::run::Failure;

/// Reads what the browser logged since the last time.
pub(super) fn check_logs(page: &Page<'_>) -> Result<(), Failure> {
    let mut faults: Vec<_> = page.log("browser")?.iter().filter_map(complaint).collect();
    let asked = page.log("performance")?;
    faults.extend(asked.iter().filter_map(|entry| stranger(entry, page.origin())));
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
}

/// An entry of the console that says that something is wrong.
fn complaint(entry: &Value) -> Option<String> {
    let level = entry.get("level").and_then(Value::as_str)?;
    let message = entry.get("message").and_then(Value::as_str)?;
    let severe = matches!(level, "SEVERE" | "WARNING") && !is_a_refusal(entry, message);
    severe.then(|| format!("the browser logs: {message}"))
}

/// The browser notes each 4xx. What the interface refuses is no error of the page; a file that is not there is.
fn is_a_refusal(entry: &Value, message: &str) -> bool {
    let refused = ["400", "401", "403", "404", "409", "410", "422", "429"];
    entry.get("source").is_some_and(|source| source == "network")
        && message.contains("/v1/")
        && refused.iter().any(|status| message.contains(&format!("status of {status}")))
}

/// A request that leaves the origin.
fn stranger(entry: &Value, origin: &str) -> Option<String> {
    let message: Value = serde_json::from_str(entry.get("message")?.as_str()?).ok()?;
    let message = message.get("message")?;
    if message.get("method")? != "Network.requestWillBeSent" {
        return None;
    }
    let url = message.pointer("/params/request/url")?.as_str()?;
    let own = url.starts_with(&format!("{origin}/"))
        || ["data:", "blob:", "about:"].iter().any(|start| url.starts_with(start));
    (!own).then(|| format!("the page asks another origin: {url}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_to_another_origin_is_found() {
        let asked = |url: &str| {
            let message = json!({ "message": { "method": "Network.requestWillBeSent", "params": { "request": { "url": url } } } });
            stranger(&json!({ "message": message.to_string() }), "http://localhost:1").is_some()
        };
        assert!(asked("https://fonts.example/x.woff2") && asked("http://localhost:12/x"));
        assert!(!asked("http://localhost:1/app.js"));
    }

    #[test]
    fn errors_of_the_page_are_found_and_refusals_of_the_interface_are_none() {
        let entry =
            |level: &str, source: &str, message: &str| json!({ "level": level, "source": source, "message": message });
        let refusal =
            "http://localhost:1/v1/refresh - Failed to load resource: the server responded with a status of 401 ()";
        assert!(complaint(&entry("SEVERE", "network", refusal)).is_none());
        assert!(complaint(&entry("SEVERE", "network", &refusal.replace("401", "500"))).is_some());
        assert!(complaint(&entry("SEVERE", "network", &refusal.replace("v1/refresh", "favicon.ico"))).is_some());
        assert!(complaint(&entry("SEVERE", "security", "Refused to load the script")).is_some());
        assert!(complaint(&entry("SEVERE", "javascript", "Uncaught TypeError")).is_some());
        assert!(complaint(&entry("INFO", "console-api", "ready")).is_none());
    }
}
