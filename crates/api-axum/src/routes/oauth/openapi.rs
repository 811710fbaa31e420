//! The operations of this folder, for the OpenAPI document.

use auth_domain::model::ApiScope;
use axum::http::StatusCode;

use super::introspect::Introspected;
use super::metadata::MetadataBody;
use crate::openapi::{Answer, Api, Operation};
use crate::problem::ProblemCode;
use crate::transport::TokenResponse;

/// What the operations of this file are, for the OpenAPI document.
pub(in crate::routes) fn describe(api: &mut Api) {
    let mut tag = api.tag("OAuth and discovery", "What standard clients expect, in the form in which they expect it.");
    tag.add(
        Operation::post("/oauth/token", "oauthToken")
            .does("Refresh, as OAuth has it", "The grant `refresh_token` (RFC 6749 §6), and no other. There is one client, which is public: it may name itself by `client_id`, or by HTTP Basic without a secret.")
            .idempotent()
            .form(
                &[
                    ("grant_type", true, "`refresh_token`.", "refresh_token"),
                    ("refresh_token", true, "The token.", "jrt_bW9yZSB0aGFuIHRoaXJ0eSByYW5kb20gYnl0ZXM"),
                    ("client_id", false, "The client, if it says who it is.", "jeton"),
                ],
                &[(400, "invalid_grant"), (400, "unsupported_grant_type"), (401, "invalid_client")],
            )
            .answers(Answer::json::<TokenResponse<'_>>(StatusCode::OK, "The successor, with a fresh access token.")),
    );
    tag.add(
        Operation::post("/oauth/revoke", "oauthRevoke")
            .does(
                "Sign out, as OAuth has it",
                "Ends the session of a token, whichever it is (RFC 7009); also 200 for one that nobody knows.",
            )
            .form(
                &[
                    (
                        "token",
                        true,
                        "A refresh token or an access token.",
                        "jrt_bW9yZSB0aGFuIHRoaXJ0eSByYW5kb20gYnl0ZXM",
                    ),
                    ("token_type_hint", false, "It is not read.", "refresh_token"),
                    ("client_id", false, "The client, if it says who it is.", "jeton"),
                ],
                &[(401, "invalid_client")],
            )
            .answers(Answer::empty("The session has ended.")),
    );
    tag.add(
        Operation::post("/oauth/introspect", "oauthIntrospect")
            .does(
                "What a token is worth right now",
                "For resource servers that ask in the place of verifying (RFC 7662). Asking changes nothing.",
            )
            .by_api_key_or_basic(ApiScope::Introspect)
            .form(
                &[
                    (
                        "token",
                        true,
                        "An access token or a refresh token.",
                        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2ln",
                    ),
                    ("token_type_hint", false, "It is not read.", "access_token"),
                ],
                &[(401, "invalid_client"), (401, "invalid_token"), (403, "insufficient_scope")],
            )
            .answers(Answer::json::<Introspected>(
                StatusCode::OK,
                "What is to be known, or `{\"active\": false}` and no more.",
            )),
    );
    tag.add(
        Operation::get("/.well-known/oauth-authorization-server", "oauthMetadata")
            .does("What is served, and where", "The metadata of RFC 8414.")
            .answers(Answer::json::<MetadataBody>(StatusCode::OK, "The metadata.")),
    );
    tag.add(
        Operation::get("/.well-known/oauth-authorization-server/{path}", "oauthMetadataBelow")
            .does(
                "The same, for an issuer with a path",
                "Where clients look when the issuer has a path (RFC 8414 §3.1).",
            )
            .names_by_text("path", "The path of the issuer.", "auth")
            .answers(Answer::json::<MetadataBody>(StatusCode::OK, "The metadata."))
            .fails([ProblemCode::NotFound]),
    );
}
