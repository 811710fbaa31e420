//! Second factors on the wire.

use auth_domain::factor::{RecoveryCode, TotpSetup};
use auth_domain::login::PasskeyBegun;
use auth_domain::model::{Factors, Passkey};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::openapi::ceremony_options;
use crate::problem::Problem;

/// What an account has beside its password.
#[derive(Serialize, ToSchema)]
#[schema(as = Factors)]
pub(crate) struct FactorsBody {
    /// Its app; `null` when it has none that was confirmed.
    #[schema(required)]
    totp: Option<TotpBody>,
    passkeys: Vec<PasskeyBody>,
    /// How many were not used yet.
    #[schema(examples(8))]
    recovery_codes: u32,
}

/// An app for one-time passwords.
#[derive(Serialize, ToSchema)]
#[schema(as = Totp)]
struct TotpBody {
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    added_at: String,
}

/// A passkey, as its owner would recognise it.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey)]
pub(crate) struct PasskeyBody {
    #[schema(format = "uuid", examples("0198f3a2-8e3f-7d50-9b22-5c7f4e90ad63"))]
    id: String,
    #[schema(examples("YubiKey"))]
    name: String,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    created_at: String,
    #[schema(required, format = DateTime, examples("2026-11-28T09:30:00Z"))]
    last_used_at: Option<String>,
}

impl From<Passkey> for PasskeyBody {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id.to_string(),
            name: passkey.name,
            created_at: passkey.created_at.to_string(),
            last_used_at: passkey.last_used_at.map(|at| at.to_string()),
        }
    }
}

impl From<Factors> for FactorsBody {
    fn from(factors: Factors) -> Self {
        let added_at = factors.totp.and_then(|totp| totp.confirmed_at);
        Self {
            totp: added_at.map(|at| TotpBody { added_at: at.to_string() }),
            passkeys: factors.passkeys.into_iter().map(Into::into).collect(),
            recovery_codes: factors.recovery_codes,
        }
    }
}

/// New recovery codes, for their owner alone; left out where there are none.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(crate) struct RecoveryCodesBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("k7m2p-9x4ra"))]
    recovery_codes: Option<Vec<String>>,
}

impl From<Option<Vec<RecoveryCode>>> for RecoveryCodesBody {
    fn from(codes: Option<Vec<RecoveryCode>>) -> Self {
        Self { recovery_codes: codes.map(|codes| codes.iter().map(RecoveryCode::expose).collect()) }
    }
}

/// A passkey that was added, and the recovery codes that came with the first factor.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedPasskey)]
pub(crate) struct AddedPasskeyBody {
    #[serde(flatten)]
    passkey: PasskeyBody,
    #[serde(flatten)]
    codes: RecoveryCodesBody,
}

impl From<(Passkey, Option<Vec<RecoveryCode>>)> for AddedPasskeyBody {
    fn from((passkey, codes): (Passkey, Option<Vec<RecoveryCode>>)) -> Self {
        Self { passkey: passkey.into(), codes: codes.into() }
    }
}

/// What an owner sets his app up with.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpSetup)]
pub(crate) struct TotpSetupBody {
    /// For typing into the app, in base32.
    #[schema(examples("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))]
    secret: String,
    /// The same for apps that take an address.
    #[schema(examples(
        "otpauth://totp/Jeton:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Jeton"
    ))]
    url: String,
    /// The address as a QR code, to be put into a page as it is.
    #[schema(examples("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"))]
    qr_svg: String,
}

impl TotpSetupBody {
    pub(crate) fn new(setup: &TotpSetup) -> Result<Self, Problem> {
        let code = QrCode::new(setup.url()).map_err(|error| Problem::internal(&error))?;
        let svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
        // Without its XML declaration it is an element of HTML.
        let element = svg.split_once("?>").map_or(svg.as_str(), |(_, element)| element);
        Ok(Self { secret: setup.secret().to_owned(), url: setup.url().to_owned(), qr_svg: element.to_owned() })
    }
}

/// A ceremony that was begun with a browser.
#[derive(Serialize, ToSchema)]
#[schema(as = Ceremony)]
pub(crate) struct CeremonyBody {
    /// Goes back with the answer of the browser; good once, for five minutes.
    #[schema(examples("jct_Zm9yIG9uZSBjZXJlbW9ueSBvZiBhIGJyb3dzZXI"))]
    ceremony: String,
    /// What `navigator.credentials` is called with.
    #[schema(schema_with = ceremony_options)]
    options: Value,
}

impl CeremonyBody {
    pub(crate) fn new(begun: &PasskeyBegun) -> Result<Self, Problem> {
        let options = serde_json::from_str(&begun.options).map_err(|error| Problem::internal(&error))?;
        Ok(Self { ceremony: begun.ceremony.expose().to_owned(), options })
    }
}
