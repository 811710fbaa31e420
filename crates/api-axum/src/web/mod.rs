//! The console: the page at `/` on which people sign in and look after their accounts, and the files that it is made of.
//!
//! The files are part of the program, and every address in them is relative, so that the page works below any prefix.
//! `docs/decisions/0005-plain-modules.md` says why they are what they are.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::Embed;
use serde::Serialize;

use crate::problem::Problem;
use crate::routes::is_known;
use crate::state::{ApiState, ConsoleSettings};

#[derive(Embed)]
#[folder = "src/web/assets"]
struct Assets;

const PAGE: &str = "index.html";

/// Whoever has a file asks each time whether it is still the one: a new version is used at once, and an old one costs no body.
const KEPT: HeaderValue = HeaderValue::from_static("no-cache");

/// Nothing from elsewhere, nothing inline, no text that becomes script, no form that leaves, no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), \
         clipboard-write=(self), publickey-credentials-create=(self), publickey-credentials-get=(self)",
    ),
];

/// The routes.
pub(crate) fn router() -> Router<ApiState> {
    Router::new()
        .route("/", get(page))
        .route("/console/settings.json", get(settings))
        .route("/console/{*path}", get(asset))
}

/// `GET /`: 200 and the page; 304 for who has it.
///
/// Addresses in the page are relative. Mounted at `/auth` the router has the page at `/auth`, from where they have to name the last
/// part of that path too.
async fn page(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut page = File::named(PAGE)?;
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    if !last.is_empty() {
        // Where a prefix has a place for anything, the path may be a stranger's: it goes into the page as a plain word or not at all.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !last.bytes().all(plain) {
            return Err(Problem::nothing_here());
        }
        let text = String::from_utf8_lossy(&page.body).replace("\"console/", &format!("\"{last}/console/"));
        page = File { body: Bytes::from(text), tag: format!("{}.{last}", page.tag), ..page };
    }
    Ok(page.answer(&headers))
}

/// `GET /console/…`: 200 and a file of the page; 304 for who has it.
async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    if path == PAGE {
        return Err(Problem::nothing_here());
    }
    Ok(File::named(&path)?.answer(&headers))
}

/// A file as it is served.
struct File {
    body: Bytes,
    media_type: &'static str,
    /// What its entity tag is made of.
    tag: String,
}

impl File {
    fn named(path: &str) -> Result<Self, Problem> {
        let (Some(media_type), Some(file)) = (media_type(path), Assets::get(path)) else {
            return Err(Problem::nothing_here());
        };
        let tag = URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash());
        Ok(Self { body: Bytes::from_owner(file.data), media_type, tag })
    }

    fn answer(self, headers: &HeaderMap) -> Response {
        let etag = format!("\"{}\"", self.tag);
        let mut response = if is_known(&etag, headers) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, self.media_type)], self.body).into_response()
        };
        let answer = response.headers_mut();
        answer.insert(CACHE_CONTROL, KEPT);
        if let Ok(etag) = HeaderValue::try_from(etag) {
            answer.insert(ETAG, etag);
        }
        for (name, value) in HEADERS {
            answer.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response
    }
}

fn media_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// What the page has to know before it asks anything.
#[derive(Serialize)]
struct SettingsBody {
    product: String,
    issuer: String,
    registration: &'static str,
    passkeys: bool,
    outbox: bool,
    password_min_length: usize,
}

/// `GET /console/settings.json`: 200 and what the operator decided that concerns the page.
async fn settings(State(state): State<ApiState>) -> Result<axum::Json<SettingsBody>, Problem> {
    let Some(console) = &state.settings().console else { return Err(Problem::nothing_here()) };
    let ConsoleSettings { product, registration, passkeys, outbox } = console.clone();
    Ok(axum::Json(SettingsBody {
        product,
        issuer: state.issuer().to_owned(),
        registration: registration.as_str(),
        passkeys,
        outbox,
        password_min_length: state.password_min_length(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_media_type() {
        let unknown: Vec<_> = Assets::iter().filter(|path| media_type(path).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(Assets::iter().count() > 5);
    }

    /// What is loaded is named by an address; a name of an XML namespace is none.
    #[test]
    fn no_file_refers_to_another_origin() {
        for path in Assets::iter() {
            let file = Assets::get(&path).unwrap();
            let text = String::from_utf8(file.data.into_owned()).unwrap().replace("http://www.w3.org/2000/svg", "");
            for sign in ["http://", "https://", "ws://", "wss://", "src=\"//", "href=\"//", "url(//", "from '//"] {
                assert!(!text.contains(sign), "{path} has {sign}");
            }
        }
    }

    #[test]
    fn no_file_has_anything_that_the_policy_forbids() {
        for path in Assets::iter() {
            let file = Assets::get(&path).unwrap();
            let text = String::from_utf8(file.data.into_owned()).unwrap();
            for sign in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", " style=", " onclick=", "eval("]
            {
                assert!(!text.contains(sign), "{path} has {sign}");
            }
        }
    }
}
