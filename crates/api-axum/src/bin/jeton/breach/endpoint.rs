//! A range endpoint (k-anonymity): it is told the first five digits of a hash, answers every hash that begins so, and does not learn
//! which one was meant.

use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::PasswordDigest;
use auth_domain::ports::{Breach, BreachCheck};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use crate::loopback::is_loopback;

/// What stands for the digits in the address.
const PREFIX: &str = "{prefix}";
/// The longest that a registration or a change of password waits for the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longer than any range with its padding: about 2,000 lines of 40 bytes.
const MOST_BYTES: usize = 512 * 1024;

/// The address of a range endpoint, with a place for the digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RangeUrl(String);

impl RangeUrl {
    /// Reads one. The error completes "it must be …".
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wanted = "an https URL with {prefix} once, such as https://api.pwnedpasswords.com/range/{prefix}";
        let filled = text.replacen(PREFIX, "00000", 1);
        let url = filled.parse::<Url>().ok().filter(|_| filled != text && !filled.contains(PREFIX));
        let url = url.filter(|url| url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
        let local = |url: &Url| url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
        if url.is_some_and(|url| url.scheme() == "https" || local(&url)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(wanted.to_owned())
        }
    }

    /// The address as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Asks one.
pub(super) struct RangeEndpoint {
    http: Client,
    url: RangeUrl,
}

impl RangeEndpoint {
    pub(super) fn new(url: &RangeUrl) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, url: url.clone() })
    }

    async fn ask(&self, password: &PasswordDigest) -> Result<u64, String> {
        let url = self.url.0.replacen(PREFIX, password.prefix(), 1);
        // Padded, so that the answer's length does not tell which range it is.
        let sent = self.http.get(url).header("add-padding", "true").send().await;
        let response = sent.map_err(|error| error.without_url().to_string())?;
        if !response.status().is_success() {
            return Err(format!("the breach check answered {}", response.status()));
        }
        password.times_in(&body(response).await?).map_err(|error| error.to_string())
    }
}

async fn body(mut response: Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(format!("the breach check's answer is longer than {MOST_BYTES} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| "the breach check's answer is no text".to_owned())
}

#[async_trait]
impl BreachCheck for RangeEndpoint {
    async fn look_up(&self, password: &PasswordDigest) -> Breach {
        match self.ask(password).await {
            Ok(0) => Breach::NotFound,
            Ok(times) => Breach::Breached { times },
            Err(why) => Breach::Unavailable(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use auth_domain::model::Password;
    use axum::Router;
    use axum::extract::Path;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;

    use super::*;

    /// SHA-1 of `password` is 5BAA6 and this, from `printf password | sha1sum`.
    const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

    async fn serve(answer: impl Fn(&str) -> (StatusCode, String) + Clone + Send + Sync + 'static) -> String {
        let range = move |Path(prefix): Path<String>, headers: HeaderMap| async move {
            assert_eq!(headers["add-padding"], "true");
            answer(&prefix)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/range/{{prefix}}", listener.local_addr().unwrap());
        let router = Router::new().route("/range/{prefix}", get(range));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn look_up(url: &str, password: &str) -> Breach {
        let endpoint = RangeEndpoint::new(&RangeUrl::parse(url).unwrap()).unwrap();
        endpoint.look_up(&PasswordDigest::of(&Password::new(password).unwrap())).await
    }

    #[tokio::test]
    async fn the_endpoint_is_told_five_digits_and_answers_for_all() {
        let url = serve(|prefix| {
            let lines = if prefix == "5BAA6" { format!("{SUFFIX}:42\r\n") } else { format!("{SUFFIX}:0\r\n") };
            (StatusCode::OK, lines)
        })
        .await;
        assert_eq!(look_up(&url, "password").await, Breach::Breached { times: 42 });
        assert_eq!(look_up(&url, "no such password").await, Breach::NotFound);
    }

    #[tokio::test]
    async fn an_endpoint_in_trouble_is_unavailable_and_never_not_found() {
        for (status, text) in [
            (StatusCode::SERVICE_UNAVAILABLE, String::new()),
            (StatusCode::FOUND, String::new()),
            (StatusCode::OK, "<html>".to_owned()),
            (StatusCode::OK, format!("{SUFFIX}:1\n").repeat(MOST_BYTES / 30)),
        ] {
            let url = serve(move |_| (status, text.clone())).await;
            assert!(matches!(look_up(&url, "password").await, Breach::Unavailable(_)), "{status}");
        }
        assert!(matches!(look_up("http://127.0.0.1:1/{prefix}", "password").await, Breach::Unavailable(_)));
    }

    #[test]
    fn an_endpoint_is_https_and_says_where_the_digits_go() {
        for good in ["https://api.pwnedpasswords.com/range/{prefix}", "http://localhost:9000/{prefix}"] {
            assert!(RangeUrl::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["https://a.example/range/", "http://a.example/{prefix}", "https://u:p@a.example/{prefix}", "{prefix}"]
        {
            assert!(RangeUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
