//! The recorder behind the facade `metrics`, and what the binary itself counts through it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use api_axum::measure::{METRICS, Metric, MetricKind, begin_at_zero};
use async_trait::async_trait;
use auth_domain::credential::HashingWatch;
use auth_domain::ports::{Mail, MailError, Mailer};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The bounds of every histogram of times, in seconds: from a refresh on an idle machine to a request that is given up.
const BUCKETS: [f64; 17] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder; what is counted before is lost.
pub(super) fn install() -> Result<PrometheusHandle, BuildError> {
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new();
    let handle =
        builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?.install_recorder()?;
    for Metric { name, kind, unit, help, .. } in METRICS {
        let unit = unit.unwrap_or(Unit::Count);
        match kind {
            MetricKind::Counter => describe_counter!(*name, unit, *help),
            MetricKind::Gauge => describe_gauge!(*name, unit, *help),
            MetricKind::Histogram => describe_histogram!(*name, unit, *help),
        }
    }
    begin_at_zero();
    for work in Work::ALL {
        gauge!(FAILING, "work" => work.as_str()).set(0.0);
    }
    for channel in ["mail", "webhook"] {
        for outcome in ["taken", "not_taken"] {
            counter!(DELIVERIES, "channel" => channel, "outcome" => outcome).increment(0);
        }
    }
    gauge!("jeton_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(HANDLE.get_or_init(|| handle).clone())
}

const DELIVERIES: &str = "jeton_deliveries_total";
const FAILING: &str = "jeton_background_failing";

/// Counts an attempt to deliver by a channel, `mail` or `webhook`.
pub(crate) fn delivered(channel: &'static str, taken: bool) {
    let outcome = if taken { "taken" } else { "not_taken" };
    counter!(DELIVERIES, "channel" => channel, "outcome" => outcome).increment(1);
}

/// Sends mail, and counts it.
pub(crate) struct CountedMailer(pub(crate) Arc<dyn Mailer>);

#[async_trait]
impl Mailer for CountedMailer {
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let sent = self.0.send(mail).await;
        delivered("mail", sent.is_ok());
        sent
    }
}

/// Work beside the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Following the revocation feed.
    Feed,
    /// Removing rows that are needed no more.
    Sweep,
    /// Spreading events, and webhooks.
    Deliveries,
    /// Mails.
    Mail,
    /// Looking after the signing keys.
    Keys,
}

impl Work {
    const ALL: [Self; 5] = [Self::Feed, Self::Sweep, Self::Deliveries, Self::Mail, Self::Keys];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Sweep => "sweep",
            Self::Deliveries => "deliveries",
            Self::Mail => "mail",
            Self::Keys => "keys",
        }
    }

    /// One of its tasks begins to fail, or that is over.
    pub(crate) fn fails(self, failing: bool) {
        gauge!(FAILING, "work" => self.as_str()).increment(if failing { 1.0 } else { -1.0 });
    }
}

/// Measures password hashing.
pub(crate) struct HashingTimes(Instant);

impl HashingTimes {
    /// Its clock begins.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }
}

impl HashingWatch for HashingTimes {
    fn queued(&self) -> Duration {
        self.0.elapsed()
    }

    fn begun(&self, queued: Duration) -> Duration {
        let now = self.0.elapsed();
        histogram!("jeton_hashing_wait_seconds").record(now.saturating_sub(queued).as_secs_f64());
        now
    }

    fn done(&self, begun: Duration) {
        histogram!("jeton_hashing_duration_seconds").record(self.0.elapsed().saturating_sub(begun).as_secs_f64());
    }
}
