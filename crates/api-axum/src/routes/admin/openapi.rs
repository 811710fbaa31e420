//! The operations of this folder, for the OpenAPI document.

use axum::http::StatusCode;

use super::super::events::EventsQuery;
use super::invites::InviteBody;
use super::keys::{DeleteQuery, RotateBody};
use super::users::{RemovedBody, RolesBody, SearchQuery, UsersBody};
use crate::openapi::{Answer, Api, Operation, Tag};
use crate::problem::ProblemCode;
use crate::wire::{EventsBody, KeysBody, MailSentBody, SessionsBody, UserBody};

/// What the operations of this folder are, for the OpenAPI document.
pub(in crate::routes) fn describe(api: &mut Api) {
    let mut tag =
        api.tag("Administration", "What operators do, with an access token of an account that has the role `admin`.");
    users(&mut tag);
    others(&mut tag);
}

fn users(tag: &mut Tag<'_>) {
    tag.add(
        Operation::get("/v1/admin/users", "searchUsers")
            .does("Find accounts", "In the order of their addresses.")
            .by_operator()
            .query::<SearchQuery>()
            .answers(
                Answer::json::<UsersBody>(StatusCode::OK, "A page of accounts.")
                    .leads_to("getUser", "id", "/users/0/id")
                    .leads_to("listUserSessions", "id", "/users/0/id"),
            ),
    );
    tag.add(
        Operation::get("/v1/admin/users/{id}", "getUser")
            .does("One account", "As it is now.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::json::<UserBody>(StatusCode::OK, "The account."))
            .fails([ProblemCode::AccountNotFound]),
    );
    tag.add(
        Operation::delete("/v1/admin/users/{id}", "deleteUser")
            .does("Delete an account", "Every session ends. Its security events stay until their retention ends.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::done("It is gone."))
            .fails([ProblemCode::AccountNotFound, ProblemCode::OwnAccount]),
    );
    tag.add(
        Operation::post("/v1/admin/users/{id}/disable", "disableUser")
            .does("Disable an account", "It may not sign in, and every session ends.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::done("It is disabled."))
            .fails([ProblemCode::AccountNotFound, ProblemCode::OwnAccount]),
    );
    tag.add(
        Operation::post("/v1/admin/users/{id}/enable", "enableUser")
            .does("Enable an account", "It may sign in again.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::done("It is enabled."))
            .fails([ProblemCode::AccountNotFound]),
    );
    tag.add(
        Operation::put("/v1/admin/users/{id}/roles", "setUserRoles")
            .does("Set the roles of an account", "They are in access tokens from the next refresh on; the role `admin` counts no more as soon as it is taken away.")
            .by_operator()
            .names("id", "The account.")
            .reads::<RolesBody>()
            .answers(Answer::json::<UserBody>(StatusCode::OK, "The account as it is now."))
            .fails([ProblemCode::AccountNotFound, ProblemCode::OwnAccount]),
    );
    tag.add(
        Operation::get("/v1/admin/users/{id}/sessions", "listUserSessions")
            .does("The devices of an account", "The live sessions, newest first.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::json::<SessionsBody>(StatusCode::OK, "The sessions."))
            .fails([ProblemCode::AccountNotFound]),
    );
    tag.add(
        Operation::delete("/v1/admin/users/{id}/sessions", "endUserSessions")
            .does("Sign an account out everywhere", "Also when it has no session.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::done("They have ended."))
            .fails([ProblemCode::AccountNotFound]),
    );
    tag.add(
        Operation::delete("/v1/admin/users/{id}/sessions/{session}", "endUserSession")
            .does("Sign one device of an account out", "Its tokens are refused everywhere within a second.")
            .by_operator()
            .names("id", "The account.")
            .names("session", "The session.")
            .answers(Answer::done("It has ended."))
            .fails([ProblemCode::AccountNotFound, ProblemCode::SessionNotFound]),
    );
    tag.add(
        Operation::get("/v1/admin/users/{id}/events", "listUserEvents")
            .does("What happened to an account", "Security events, newest first; also of an account that was deleted.")
            .by_operator()
            .names("id", "The account.")
            .query::<EventsQuery>()
            .answers(Answer::json::<EventsBody>(StatusCode::OK, "A page of events."))
            .fails([ProblemCode::AccountNotFound]),
    );
    tag.add(
        Operation::delete("/v1/admin/users/{id}/factors", "removeUserFactors")
            .does("Remove the second factors of an account", "For an owner who has lost them all.")
            .by_operator()
            .names("id", "The account.")
            .answers(Answer::json::<RemovedBody>(StatusCode::OK, "How many they were."))
            .fails([ProblemCode::AccountNotFound]),
    );
}

fn others(tag: &mut Tag<'_>) {
    tag.add(
        Operation::post("/v1/admin/invites", "invite")
            .does("Invite somebody to register", "A mail to this address carries the invitation.")
            .by_operator()
            .reads::<InviteBody>()
            .answers(Answer::json::<MailSentBody>(StatusCode::ACCEPTED, "A mail is on its way."))
            .fails([ProblemCode::InvalidEmail]),
    );
    tag.add(
        Operation::get("/v1/admin/events", "listAllEvents")
            .does("What happened to all accounts", "Security events, newest first.")
            .by_operator()
            .query::<EventsQuery>()
            .answers(Answer::json::<EventsBody>(StatusCode::OK, "A page of events.")),
    );
    tag.add(
        Operation::get("/v1/admin/keys", "listKeys")
            .does("The signing keys", "Oldest first. A private key never comes or goes by HTTP. A server with one fixed key has none to show.")
            .by_operator()
            .answers(Answer::json::<KeysBody>(StatusCode::OK, "The keys."))
            .fails([ProblemCode::NotFound]),
    );
    tag.add(
        Operation::post("/v1/admin/keys/rotate", "rotateKeys")
            .does("Let the next key sign", "The one that signs now retires.")
            .by_operator()
            .may_read::<RotateBody>()
            .answers(Answer::json::<KeysBody>(StatusCode::OK, "The keys as they are now."))
            .fails([
                ProblemCode::NotFound,
                ProblemCode::KeyNotFound,
                ProblemCode::NoNextKey,
                ProblemCode::KeyNotSeen,
                ProblemCode::KeyRevoked,
                ProblemCode::KeyActive,
                ProblemCode::KeyInUse,
                ProblemCode::KeyExists,
            ]),
    );
    tag.add(
        Operation::delete("/v1/admin/keys/{kid}", "deleteKey")
            .does("Delete a key", "One that is needed no more.")
            .by_operator()
            .names_by_text("kid", "The key.", "k7Yb2nQe")
            .query::<DeleteQuery>()
            .answers(Answer::json::<KeysBody>(StatusCode::OK, "The keys as they are now."))
            .fails([ProblemCode::NotFound, ProblemCode::KeyNotFound, ProblemCode::KeyInUse, ProblemCode::KeyRevoked]),
    );
    tag.add(
        Operation::post("/v1/admin/keys/{kid}/revoke", "revokeKey")
            .does("Revoke a key", "In an emergency: nothing that it signed is accepted any more.")
            .by_operator()
            .names_by_text("kid", "The key.", "k7Yb2nQe")
            .answers(Answer::json::<KeysBody>(StatusCode::OK, "The keys as they are now."))
            .fails([
                ProblemCode::NotFound,
                ProblemCode::KeyNotFound,
                ProblemCode::NoNextKey,
                ProblemCode::KeyRevoked,
                ProblemCode::KeyInUse,
            ]),
    );
}
