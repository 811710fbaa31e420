//! How requests say whom they come from.

use auth_domain::model::ApiScope;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

const ACCESS_TOKEN: &str = "accessToken";
const REFRESH_COOKIE: &str = "refreshCookie";
const API_KEY: &str = "apiKey";
const API_KEY_BASIC: &str = "apiKeyBasic";

/// The schemes by name.
pub(super) fn schemes() -> [(&'static str, SecurityScheme); 4] {
    let http = |scheme, about: &str| HttpBuilder::new().scheme(scheme).description(Some(about));
    let access =
        http(HttpAuthScheme::Bearer, "An access token, which a login or a refresh gives.").bearer_format("JWT");
    let key = "An API key, which `jeton apikeys create` makes, with the scope that the operation names.";
    let key = http(HttpAuthScheme::Bearer, key).bearer_format("jak_…");
    let basic = http(HttpAuthScheme::Basic, "An API key as the password; the user name says nothing.");
    let cookie = "The refresh token of a page of the server's own origin. The browser sends it; the request must be JSON or carry \
                  `X-Requested-With`, and `Sec-Fetch-Site` or `Origin` must name the server's own origin.";
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description("__Host-jeton_refresh", cookie));
    [
        (ACCESS_TOKEN, SecurityScheme::Http(access.build())),
        (REFRESH_COOKIE, SecurityScheme::ApiKey(cookie)),
        (API_KEY, SecurityScheme::Http(key.build())),
        (API_KEY_BASIC, SecurityScheme::Http(basic.build())),
    ]
}

fn by(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, Vec::<String>::new())
}

/// With an access token.
pub(super) fn access_token() -> Vec<SecurityRequirement> {
    vec![by(ACCESS_TOKEN)]
}

/// With an API key of this scope, as Bearer token.
pub(super) fn api_key(scope: ApiScope) -> Vec<SecurityRequirement> {
    vec![SecurityRequirement::new(API_KEY, [scope.as_str()])]
}

/// The same, or as the password of HTTP Basic.
pub(super) fn api_key_or_basic(scope: ApiScope) -> Vec<SecurityRequirement> {
    let both = [API_KEY, API_KEY_BASIC];
    both.map(|scheme| SecurityRequirement::new(scheme, [scope.as_str()])).into()
}

/// With the refresh token in the body, where it is no credential of the request, or in the cookie.
pub(super) fn refresh_token() -> Vec<SecurityRequirement> {
    vec![SecurityRequirement::default(), by(REFRESH_COOKIE)]
}

/// The same, or with an access token.
pub(super) fn any_token() -> Vec<SecurityRequirement> {
    refresh_token().into_iter().chain(access_token()).collect()
}
