//! What an operator sees of a running server, in the settings: metrics and traces; and how much may wait for the database.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use store_diesel::Options;

use super::reader::{Reader, quoted};
use super::{MINUTE, address};

/// Where metrics are served by default: the port that Prometheus expects of OpenTelemetry's exporters.
const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
const OFF: &str = "off";

/// Where metrics are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsListen {
    /// Nowhere.
    Off,
    /// At the usual place, if it is free: a second server on the machine goes without.
    Usual(SocketAddr),
    /// Where the operator says.
    At(SocketAddr),
}

/// Where traces are sent.
#[derive(Clone, Debug)]
pub(crate) struct TraceSettings {
    /// The collector; without one there are none.
    pub(crate) endpoint: Option<Url>,
    /// Which part of the requests is traced, of those whose trace nobody else has decided about.
    pub(crate) sample_ratio: f64,
}

pub(super) fn metrics(reader: &mut Reader) -> Option<MetricsListen> {
    let show = |listen: &MetricsListen| match listen {
        MetricsListen::Off => quoted(OFF),
        MetricsListen::Usual(address) | MetricsListen::At(address) => quoted(&address.to_string()),
    };
    let parse = |text: &str| match text {
        OFF => Ok(MetricsListen::Off),
        text => address::listen(text).map(MetricsListen::At).map_err(|wanted| format!("`off`, or {wanted}")),
    };
    let usual = MetricsListen::Usual(DEFAULT);
    if !reader.is_set("metrics.listen") {
        reader.derived("metrics.listen", show(&usual));
        return Some(usual);
    }
    reader.read("metrics.listen", parse, show)
}

pub(super) fn traces(reader: &mut Reader) -> Option<TraceSettings> {
    let is_set = reader.is_set("traces.otlp_endpoint");
    // Some services have a key in the path.
    let show = |url: &Url| quoted(&url.origin().ascii_serialization());
    let endpoint = reader.read("traces.otlp_endpoint", endpoint, show);
    reader.derived("traces.otlp_endpoint", quoted(""));
    let part = |text: &str| {
        let ratio = text.trim().parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.ok_or_else(|| "a number from 0 to 1, such as 0.1".to_owned())
    };
    let sample_ratio = reader.read("traces.sample_ratio", part, f64::to_string);
    if is_set && endpoint.is_none() {
        return None;
    }
    Some(TraceSettings { endpoint, sample_ratio: sample_ratio? })
}

/// A collector's address; OTLP over HTTP has its traces at `/v1/traces`.
fn endpoint(text: &str) -> Result<Url, String> {
    let wanted = || "an http or https URL without user and query, such as http://127.0.0.1:4318".to_owned();
    let mut url = text.parse::<Url>().map_err(|_| wanted())?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !bare {
        return Err(wanted());
    }
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url)
}

/// How much may be asked of the database at once.
pub(super) fn database(reader: &mut Reader) -> Option<Options> {
    let connections = reader.number("database.connections", 1..=10_000);
    let queue = reader.number("database.queue", 1..=1_000_000);
    let wait = reader.duration("database.wait", Duration::from_millis(10)..=MINUTE);
    let queue = queue?;
    Some(Options {
        postgres_connections: connections?,
        postgres_queue: queue,
        postgres_wait: wait?,
        sqlite_queue: queue,
        ..Options::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_with_or_without_the_path_of_its_traces() {
        let read = |text| endpoint(text).map(|url| url.to_string());
        assert_eq!(read("http://127.0.0.1:4318").as_deref(), Ok("http://127.0.0.1:4318/v1/traces"));
        assert_eq!(read("https://otel.example/").as_deref(), Ok("https://otel.example/v1/traces"));
        assert_eq!(read("https://otel.example/in/v1/traces").as_deref(), Ok("https://otel.example/in/v1/traces"));
        for bad in ["", "127.0.0.1:4318", "grpc://a", "http://user:word@a", "http://a?key=hunter2"] {
            assert!(read(bad).is_err_and(|wanted| !wanted.contains("hunter2")), "{bad}");
        }
    }
}
