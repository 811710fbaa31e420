//! Addresses in the settings. Each error completes "it must be …".

use std::net::SocketAddr;

use axum::http::Uri;

/// An address to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080".to_owned())
}

/// The issuer: a URL without query and fragment (RFC 8414 §2), and without a slash at its end, since it is compared byte by
/// byte.
pub(super) fn issuer(text: &str) -> Result<String, String> {
    let wanted = "a URL such as https://login.example.com, without user, query, fragment or a slash at its end";
    let good = text.parse::<Uri>().ok().is_some_and(|uri| {
        let web = uri.scheme_str().is_some_and(|scheme| scheme == "https" || scheme == "http");
        let host = uri.host().is_some_and(|host| !host.is_empty());
        web && host && uri.query().is_none()
    });
    if good && !text.contains(['#', '?', '@']) && !text.ends_with('/') {
        Ok(text.to_owned())
    } else {
        Err(wanted.into())
    }
}

/// The name that resource servers know themselves by.
pub(super) fn audience(text: &str) -> Result<String, String> {
    let good = !text.is_empty() && !text.chars().any(char::is_control) && text.len() <= 1_024;
    if good { Ok(text.to_owned()) } else { Err("a name or a URL, such as https://api.example.com".to_owned()) }
}

/// What the service is called, in mails and apps.
pub(super) fn product(text: &str) -> Result<String, String> {
    let name = text.trim();
    let good = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if good { Ok(name.to_owned()) } else { Err("a name of 1 to 64 characters, such as Example".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_plain_url() {
        for good in ["https://login.example.com", "http://127.0.0.1:8080", "https://example.com/auth", "http://[::1]:1"]
        {
            assert!(issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login.example.com",
            "https://",
            "https://a/",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "ftp://a",
            "/path",
        ] {
            assert!(issuer(bad).is_err(), "{bad}");
        }
    }
}
