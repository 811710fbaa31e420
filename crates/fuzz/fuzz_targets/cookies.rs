//! The headers of a request whose refresh token is in its cookie: each line of the input is one, `name: value`.
#![no_main]

use api_axum::refresh_cookie;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "https://login.example";
const COOKIE: &str = "__Host-jeton_refresh=";

fuzz_target!(|bytes: &[u8]| {
    let headers: HeaderMap = bytes.split(|byte| *byte == b'\n').filter_map(header).collect();
    let found = refresh_cookie(&headers, ORIGIN);
    // Read once more, as plainly as can be.
    let texts: Vec<&str> = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    let whole = texts.join(";");
    let values: Vec<&str> = whole.split(';').filter_map(|pair| pair.trim().strip_prefix(COOKIE)).collect();
    match found {
        Ok(Some(token)) => {
            assert_eq!(values, [token.as_str()], "not the one cookie that was sent");
            check_origin(&headers);
        }
        Ok(None) => assert_eq!(values, Vec::<&str>::new(), "a cookie was passed over"),
        Err(_) => assert!(!values.is_empty(), "refused without a cookie"),
    }
});

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value.get(1..)?.trim_ascii()).ok()?))
}

/// A page of the own origin sent it, in a way that no form can.
fn check_origin(headers: &HeaderMap) {
    let all = |name: &str| headers.get_all(name).iter().collect::<Vec<_>>();
    let (origins, sites) = (all("origin"), all("sec-fetch-site"));
    assert!(!origins.is_empty() || !sites.is_empty(), "nothing says where it comes from");
    assert!(origins.iter().all(|origin| *origin == ORIGIN), "from another origin");
    assert!(sites.iter().all(|site| *site == "same-origin"), "from another site");
    let json =
        all("content-type").iter().any(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
    assert!(json || headers.contains_key("x-requested-with"), "any form can send this");
}
