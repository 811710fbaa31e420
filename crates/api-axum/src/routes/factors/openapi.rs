//! The operations of this folder, for the OpenAPI document.

use axum::http::StatusCode;

use super::passkeys::{AddBody, RenameBody};
use super::totp::ConfirmBody;
use crate::openapi::{Answer, Api, Operation};
use crate::problem::ProblemCode;
use crate::wire::{AddedPasskeyBody, CeremonyBody, FactorsBody, RecoveryCodesBody, TotpSetupBody};

/// What the operations of this file are, for the OpenAPI document.
pub(in crate::routes) fn describe(api: &mut Api) {
    let mut tag = api.tag("Second factors", "An app for one-time passwords, passkeys, recovery codes.");
    tag.add(
        Operation::get("/v1/me/factors", "listFactors")
            .does("My second factors", "What the account has beside its password.")
            .by_owner()
            .answers(Answer::json::<FactorsBody>(StatusCode::OK, "What it has.")),
    );
    tag.add(
        Operation::post("/v1/me/totp", "beginTotp")
            .does("Add an app", "The secret of an app for one-time passwords, as text and as a QR code. It counts once it is confirmed.")
            .by_owner()
            .answers(Answer::json::<TotpSetupBody>(StatusCode::OK, "What the app is set up with."))
            .fails([ProblemCode::TotpExists, ProblemCode::StepUpRequired]),
    );
    tag.add(
        Operation::delete("/v1/me/totp", "removeTotp")
            .does("Remove the app", "With the last second factor the recovery codes go.")
            .by_owner()
            .answers(Answer::done("It is removed."))
            .fails([ProblemCode::FactorNotFound, ProblemCode::StepUpRequired]),
    );
    tag.add(
        Operation::post("/v1/me/totp/confirm", "confirmTotp")
            .does("Confirm the app", "By what it shows now. The first factor brings recovery codes.")
            .by_owner()
            .reads::<ConfirmBody>()
            .answers(Answer::json::<RecoveryCodesBody>(StatusCode::OK, "It counts from now on."))
            .fails([
                ProblemCode::FactorNotFound,
                ProblemCode::WrongCode,
                ProblemCode::StepUpRequired,
                ProblemCode::TooManyAttempts,
            ]),
    );
    tag.add(
        Operation::post("/v1/me/recovery-codes", "newRecoveryCodes")
            .does("Make new recovery codes", "In the place of all before them.")
            .by_owner()
            .answers(Answer::json::<RecoveryCodesBody>(StatusCode::OK, "The codes, for their owner alone."))
            .fails([ProblemCode::FactorNotFound, ProblemCode::StepUpRequired]),
    );
    tag.add(
        Operation::post("/v1/me/passkeys/begin", "beginPasskey")
            .does("Begin to add a passkey", "What the browser is asked to make one with.")
            .by_owner()
            .answers(Answer::json::<CeremonyBody>(
                StatusCode::OK,
                "What `navigator.credentials.create` is called with.",
            ))
            .fails([ProblemCode::PasskeysUnavailable, ProblemCode::TooManyPasskeys, ProblemCode::StepUpRequired]),
    );
    tag.add(
        Operation::post("/v1/me/passkeys", "addPasskey")
            .does("Add a passkey", "The answer of the browser. The first factor brings recovery codes.")
            .by_owner()
            .reads::<AddBody>()
            .answers(
                Answer::json::<AddedPasskeyBody>(StatusCode::CREATED, "The passkey.")
                    .leads_to("renamePasskey", "id", "/id")
                    .leads_to("removePasskey", "id", "/id"),
            )
            .fails([
                ProblemCode::PasskeyRefused,
                ProblemCode::PasskeysUnavailable,
                ProblemCode::TooManyPasskeys,
                ProblemCode::StepUpRequired,
            ]),
    );
    tag.add(
        Operation::patch("/v1/me/passkeys/{id}", "renamePasskey")
            .does("Rename a passkey", "For its owner to recognise it.")
            .by_owner()
            .names("id", "The passkey.")
            .reads::<RenameBody>()
            .answers(Answer::done("It is renamed."))
            .fails([ProblemCode::FactorNotFound]),
    );
    tag.add(
        Operation::delete("/v1/me/passkeys/{id}", "removePasskey")
            .does("Remove a passkey", "With the last second factor the recovery codes go.")
            .by_owner()
            .names("id", "The passkey.")
            .answers(Answer::done("It is removed."))
            .fails([ProblemCode::FactorNotFound, ProblemCode::StepUpRequired]),
    );
}
