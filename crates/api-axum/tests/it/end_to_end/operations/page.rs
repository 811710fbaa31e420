//! The page of metrics of a server, as Prometheus reads it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::home::{Home, Server};

/// A server of this home that serves metrics on a port of its own, and that port's address.
pub(super) async fn serve(home: &Home, more: &[(&str, &str)]) -> (Server, String) {
    let server = home.serve_with(&[&[("JETON_METRICS__LISTEN", "127.0.0.1:0")], more].concat());
    let url = url(&server).await;
    (server, url)
}

/// Where a server says that it serves metrics.
async fn url(server: &Server) -> String {
    for _ in 0..200 {
        let log = server.log();
        let line = log.lines().find(|line| line.contains("metrics are served at /metrics"));
        let line = line.and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        if let Some(address) = line.as_ref().and_then(|line| line["address"].as_str()) {
            return format!("http://{address}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no metrics are served: {}", server.log());
}

/// What is served at one moment.
pub(super) struct Page(pub(super) String);

impl Page {
    pub(super) async fn read(url: &str) -> Self {
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(format!("{url}/metrics")).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        Self(answer.text().await.unwrap())
    }

    /// The names that a type is told of.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.0.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
    }

    /// The series: names with their labels.
    pub(super) fn series(&self) -> BTreeSet<&str> {
        let lines = self.0.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.rsplit_once(' ').unwrap().0).collect()
    }

    /// The value of a series.
    pub(super) fn value(&self, series: &str) -> f64 {
        let found = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
        found.unwrap_or_else(|| panic!("there is no {series}:\n{}", self.0))
    }
}
