//! Second factors: apps, recovery codes, passkeys, and what needs a recent proof.

use std::sync::Arc;

use auth_domain::admin::Operator;
use auth_domain::factor::{FactorError, RecoveryCode, TotpSetup};
use auth_domain::login::{
    Device, LoginError, PasskeyLogin, Proof, ReauthenticateError, SecondFactorLogin, SecondFactorProof, SignedIn,
};
use auth_domain::model::{Actor, DisplayName, EventKind, Locale, Passkey, Presenter, TokenMailKind};
use auth_domain::ports::{Ceremony, NewPasskey, PasskeyUser, UsedPasskey, WebAuthn, WebAuthnError};
use auth_domain::session::{IssuedTokens, Owner};
use secrecy::SecretString;
use totp_rs::{Algorithm, Builder, Secret};

use crate::world::{PASSWORD, Setup, World, device, owner};

const ALICE: &str = "alice@example.com";

/// Passkeys without cryptography: a credential is a name, and an answer repeats the challenge with it.
struct Plain;

impl WebAuthn for Plain {
    fn begin_registration(&self, user: PasskeyUser<'_>, existing: &[Passkey]) -> Result<Ceremony, WebAuthnError> {
        let options = format!("{} {}", user.name, existing.len());
        Ok(Ceremony { state: format!("register {options}").into_bytes(), options })
    }

    fn finish_registration(&self, state: &[u8], answer: &str) -> Result<NewPasskey, WebAuthnError> {
        if !state.starts_with(b"register") {
            return Err(WebAuthnError::Refused("it is another ceremony".to_owned()));
        }
        Ok(NewPasskey { credential_id: answer.as_bytes().to_vec(), data: "0".to_owned() })
    }

    fn begin_authentication(&self, allowed: &[Passkey]) -> Result<Ceremony, WebAuthnError> {
        Ok(Ceremony { options: allowed.len().to_string(), state: b"authenticate".to_vec() })
    }

    fn credential_id(&self, answer: &str) -> Result<Vec<u8>, WebAuthnError> {
        Ok(answer.as_bytes().to_vec())
    }

    fn finish_authentication(&self, state: &[u8], _: &str, passkey: &Passkey) -> Result<UsedPasskey, WebAuthnError> {
        if state != b"authenticate" {
            return Err(WebAuthnError::Refused("it is another ceremony".to_owned()));
        }
        Ok(UsedPasskey { data: format!("{}+1", passkey.data) })
    }
}

fn world() -> World {
    Setup { webauthn: Some(Arc::new(Plain)), ..Setup::default() }.build()
}

/// What the app of this setup shows now, or so many steps later.
fn shown(world: &World, setup: &TotpSetup, steps: u64) -> String {
    use auth_domain::ports::Clock as _;
    let secret = Secret::try_from_base32(setup.secret()).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_secret(secret).build().unwrap();
    totp.generate(world.clock.now().unix().as_secs() + 30 * steps).to_string()
}

async fn with_app(world: &World) -> (IssuedTokens, TotpSetup, Vec<RecoveryCode>) {
    let tokens = world.signed_in().await;
    let setup = world.auth.factors.begin_totp(&owner(&tokens)).await.unwrap();
    let code = shown(world, &setup, 0);
    let codes = world.auth.factors.confirm_totp(&owner(&tokens), &code).await.unwrap().unwrap();
    (tokens, setup, codes)
}

/// The first half of a login, which asks for more.
async fn first_half(world: &World) -> (String, Vec<&'static str>) {
    match world.login_on(ALICE, PASSWORD, device("192.0.2.1", None)).await {
        Err(LoginError::SecondFactorRequired { token, methods }) => (token.expose().to_owned(), methods),
        other => panic!("{other:?}"),
    }
}

async fn second_half(world: &World, mfa_token: &str, code: &str) -> Result<SignedIn, LoginError> {
    let (proof, device) = (SecondFactorProof::Code(code), device("192.0.2.1", None));
    world.auth.login.second_factor(SecondFactorLogin { mfa_token, proof, device }).await
}

async fn with_passkey(world: &World, owner: &Owner, credential: &str) -> Result<Passkey, FactorError> {
    let begun = world.auth.factors.begin_passkey(owner).await?;
    let name = DisplayName::new("Laptop").unwrap();
    let added = world.auth.factors.add_passkey(owner, begun.ceremony.expose(), credential, &name).await?;
    Ok(added.0)
}

#[tokio::test]
async fn a_password_alone_is_not_enough_where_an_app_is_set_up() {
    let world = world();
    let (_, setup, codes) = with_app(&world).await;
    assert_eq!(codes.len(), 10);
    let (token, methods) = first_half(&world).await;
    assert_eq!(methods, ["totp", "recovery_code"]);
    assert!(matches!(second_half(&world, &token, "000000").await, Err(LoginError::InvalidSecondFactor)));
    let code = shown(&world, &setup, 1);
    let signed_in = second_half(&world, &token, &code).await.expect("a wrong code does not end the login");
    assert_eq!(signed_in.tokens.facts.amr, ["pwd", "otp", "mfa"]);
    assert!(matches!(second_half(&world, &token, &code).await, Err(LoginError::InvalidMfaToken)), "once");
}

#[tokio::test]
async fn a_code_is_accepted_once() {
    let world = world();
    let (_, setup, _) = with_app(&world).await;
    let code = shown(&world, &setup, 1);
    let (first, second) = (first_half(&world).await.0, first_half(&world).await.0);
    assert!(
        matches!(second_half(&world, &first, &code).await, Err(LoginError::InvalidMfaToken)),
        "the last login counts"
    );
    assert!(second_half(&world, &second, &code).await.is_ok());
    let third = first_half(&world).await.0;
    assert!(matches!(second_half(&world, &third, &code).await, Err(LoginError::InvalidSecondFactor)));
    world.wait(60);
    let code = shown(&world, &setup, 0);
    assert!(second_half(&world, &third, &code).await.is_ok());
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_a_lost_phone_once_and_is_told() {
    let world = world();
    let (tokens, _, codes) = with_app(&world).await;
    let code = codes[3].expose().to_uppercase();
    let token = first_half(&world).await.0;
    assert!(second_half(&world, &token, &code).await.is_ok());
    let token = first_half(&world).await.0;
    assert!(matches!(second_half(&world, &token, &code).await, Err(LoginError::InvalidSecondFactor)));
    let factors = world.auth.factors.list(&owner(&tokens)).await.unwrap();
    assert_eq!(factors.recovery_codes, 9);
    let mails = world.mail().await;
    assert!(mails.iter().any(|mail| mail.event.as_ref().is_some_and(|e| e.kind == EventKind::RecoveryCodeUsed)));
}

#[tokio::test]
async fn p10_codes_cannot_be_guessed() {
    let world = world();
    let (_, setup, _) = with_app(&world).await;
    let token = first_half(&world).await.0;
    for _ in 0..5 {
        assert!(matches!(second_half(&world, &token, "000000").await, Err(LoginError::InvalidSecondFactor)));
    }
    let code = shown(&world, &setup, 1);
    assert!(matches!(second_half(&world, &token, &code).await, Err(LoginError::Throttled(_))));
}

#[tokio::test]
async fn a_login_that_was_begun_dies_with_the_password_and_after_five_minutes() {
    let world = world();
    let (tokens, setup, _) = with_app(&world).await;
    let token = first_half(&world).await.0;
    let new = SecretString::from("another good password");
    let mut owner = owner(&tokens);
    owner.amr = vec!["pwd".to_owned(), "mfa".to_owned()];
    world.auth.accounts.change_password(&owner, &SecretString::from(PASSWORD), &new).await.unwrap();
    let code = shown(&world, &setup, 1);
    assert!(matches!(second_half(&world, &token, &code).await, Err(LoginError::InvalidMfaToken)));
    let password = "another good password";
    let Err(LoginError::SecondFactorRequired { token, .. }) =
        world.login_on(ALICE, password, device("192.0.2.1", None)).await
    else {
        panic!("a second factor is required")
    };
    world.wait(300);
    let code = shown(&world, &setup, 0);
    assert!(matches!(second_half(&world, token.expose(), &code).await, Err(LoginError::InvalidMfaToken)));
}

#[tokio::test]
async fn a_wrong_password_never_asks_for_a_second_factor() {
    let world = world();
    with_app(&world).await;
    let wrong = world.try_login(ALICE, "wrong password, quite long").await;
    assert!(matches!(wrong, Err(LoginError::InvalidCredentials)));
}

#[tokio::test]
async fn an_app_counts_only_after_it_has_shown_a_code() {
    let world = world();
    let tokens = world.signed_in().await;
    let setup = world.auth.factors.begin_totp(&owner(&tokens)).await.unwrap();
    let wrong = world.auth.factors.confirm_totp(&owner(&tokens), "000000").await;
    assert!(matches!(wrong, Err(FactorError::WrongCode)));
    assert!(world.try_login(ALICE, PASSWORD).await.is_ok());
    let code = shown(&world, &setup, 0);
    assert!(world.auth.factors.confirm_totp(&owner(&tokens), &code).await.unwrap().is_some());
    assert!(world.try_login(ALICE, PASSWORD).await.is_err());
}

#[tokio::test]
async fn what_protects_an_account_is_changed_only_shortly_after_a_full_proof() {
    let world = world();
    let (tokens, setup, _) = with_app(&world).await;
    let factors = &world.auth.factors;
    let refused = factors.remove_totp(&owner(&tokens)).await;
    assert!(matches!(refused, Err(FactorError::StepUp(_))), "this session has not shown the second factor");
    let again = |code: String| {
        let (world, owner) = (&world, owner(&tokens));
        async move { world.auth.login.reauthenticate(&owner, Proof::SecondFactor(SecondFactorProof::Code(&code))).await }
    };
    let password = SecretString::from(PASSWORD);
    let refused = world.auth.login.reauthenticate(&owner(&tokens), Proof::Password(&password)).await;
    assert!(matches!(refused, Err(ReauthenticateError::SecondFactorRequired { .. })));
    let proved = again(shown(&world, &setup, 1)).await.unwrap();
    assert_eq!(proved.facts.amr, ["pwd", "otp", "mfa"]);
    assert_eq!(proved.facts.generation, tokens.facts.generation, "the refresh token stays as it is");
    let now = Owner { auth_time: proved.facts.auth_time, amr: proved.facts.amr.clone(), ..owner(&tokens) };
    factors.new_recovery_codes(&now).await.unwrap();
    factors.remove_totp(&now).await.unwrap();
    assert!(world.try_login(ALICE, PASSWORD).await.is_ok());

    world.wait(15 * 60 + 1);
    let stale = factors.begin_totp(&now).await;
    assert!(matches!(stale, Err(FactorError::StepUp(_))));
    let proved = world.auth.login.reauthenticate(&now, Proof::Password(&password)).await.unwrap();
    assert_eq!(proved.facts.amr, ["pwd"]);
    let recent = Owner { auth_time: proved.facts.auth_time, ..now };
    assert!(factors.begin_totp(&recent).await.is_ok());
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_password() {
    let world = world();
    let tokens = world.signed_in().await;
    with_passkey(&world, &owner(&tokens), "laptop").await.unwrap();
    let begun = world.auth.login.begin_passkey(None, &Presenter::default()).await.unwrap();
    assert_eq!(begun.options, "0", "whichever the browser holds");
    let login =
        |answer: &'static str| PasskeyLogin { ceremony: begun.ceremony.expose(), answer, device: Device::default() };
    let signed_in = world.auth.login.passkey(login("laptop")).await.unwrap();
    assert_eq!(signed_in.tokens.facts.account, tokens.facts.account);
    assert_eq!(signed_in.tokens.facts.amr, ["swk", "user", "mfa"]);
    assert!(matches!(world.auth.login.passkey(login("laptop")).await, Err(LoginError::InvalidPasskey)), "once");
    let begun = world.auth.login.begin_passkey(None, &Presenter::default()).await.unwrap();
    let unknown = PasskeyLogin { ceremony: begun.ceremony.expose(), answer: "stranger", device: Device::default() };
    assert!(matches!(world.auth.login.passkey(unknown).await, Err(LoginError::InvalidPasskey)));
}

#[tokio::test]
async fn a_passkey_session_that_shows_a_code_keeps_what_it_was_opened_by() {
    let world = world();
    let (tokens, setup, _) = with_app(&world).await;
    let mine = Owner { amr: vec!["pwd".to_owned(), "mfa".to_owned()], ..owner(&tokens) };
    with_passkey(&world, &mine, "laptop").await.unwrap();
    let begun = world.auth.login.begin_passkey(None, &Presenter::default()).await.unwrap();
    let login = PasskeyLogin { ceremony: begun.ceremony.expose(), answer: "laptop", device: Device::default() };
    let by_passkey = owner(&world.auth.login.passkey(login).await.unwrap().tokens);
    for steps in [0, 1] {
        world.wait(60);
        let code = shown(&world, &setup, steps);
        let proof = Proof::SecondFactor(SecondFactorProof::Code(&code));
        let proved = world.auth.login.reauthenticate(&by_passkey, proof).await.unwrap();
        assert_eq!(proved.facts.amr, ["swk", "user", "mfa", "otp"]);
    }
}

#[tokio::test]
async fn a_passkey_follows_a_password_for_its_own_account_only() {
    let world = world();
    let tokens = world.signed_in().await;
    with_passkey(&world, &owner(&tokens), "laptop").await.unwrap();
    world.register("eve@example.com").await;
    let eve = world.try_login("eve@example.com", PASSWORD).await.unwrap();
    with_passkey(&world, &owner(&eve), "of eve").await.unwrap();
    let (mfa_token, methods) = first_half(&world).await;
    assert_eq!(methods, ["passkey", "recovery_code"]);
    for (answer, good) in [("of eve", false), ("laptop", true)] {
        let begun = world.auth.login.begin_passkey(Some(&mfa_token), &Presenter::default()).await.unwrap();
        assert_eq!(begun.options, "1", "the account's own");
        let proof = SecondFactorProof::Passkey { ceremony: begun.ceremony.expose(), answer };
        let request = SecondFactorLogin { mfa_token: &mfa_token, proof, device: Device::default() };
        assert_eq!(world.auth.login.second_factor(request).await.is_ok(), good, "{answer}");
    }
}

#[tokio::test]
async fn passkeys_are_listed_renamed_and_removed_by_their_owner() {
    let world = world();
    let tokens = world.signed_in().await;
    let mine = Owner { amr: vec!["pwd".to_owned(), "mfa".to_owned()], ..owner(&tokens) };
    let one = with_passkey(&world, &mine, "laptop").await.unwrap();
    let twice = with_passkey(&world, &mine, "laptop").await;
    assert!(matches!(twice, Err(FactorError::InvalidPasskey(_))), "it is known already");
    let factors = &world.auth.factors;
    factors.rename_passkey(&mine, one.id, &DisplayName::new("Phone").unwrap()).await.unwrap();
    let listed = factors.list(&mine).await.unwrap().passkeys;
    assert_eq!(listed.iter().map(|passkey| passkey.name.as_str()).collect::<Vec<_>>(), ["Phone"]);
    factors.remove_passkey(&mine, one.id).await.unwrap();
    assert!(matches!(factors.remove_passkey(&mine, one.id).await, Err(FactorError::NotFound)));
}

#[tokio::test]
async fn who_registered_with_a_strangers_address_keeps_nothing_when_its_owner_sets_a_password_by_mail() {
    let world = world();
    let (tokens, ..) = with_app(&world).await;
    let thief = Owner { amr: vec!["pwd".to_owned(), "mfa".to_owned()], ..owner(&tokens) };
    with_passkey(&world, &thief, "of the thief").await.unwrap();
    let reset = async |new: &str| {
        world.auth.accounts.forgot_password(ALICE, Locale::En, &Presenter::default()).await.unwrap();
        let token = world.mailed(TokenMailKind::ResetPassword).await;
        let new = SecretString::from(new);
        world.auth.accounts.reset_password(&token, &new, Presenter::default()).await.unwrap();
    };
    reset("the owner's own password").await;
    let begun = world.auth.login.begin_passkey(None, &Presenter::default()).await.unwrap();
    let login = PasskeyLogin { ceremony: begun.ceremony.expose(), answer: "of the thief", device: Device::default() };
    assert!(matches!(world.auth.login.passkey(login).await, Err(LoginError::InvalidPasskey)));
    let own = world.try_login(ALICE, "the owner's own password").await.expect("no second factor is asked for");

    with_passkey(&world, &owner(&own), "of the owner").await.unwrap();
    reset("the owner's next password").await;
    let next = world.try_login(ALICE, "the owner's next password").await;
    assert!(matches!(next, Err(LoginError::SecondFactorRequired { .. })), "the address is verified: its factors stay");
}

#[tokio::test]
async fn a_ceremony_of_one_kind_does_not_end_one_of_another() {
    let world = world();
    let tokens = world.signed_in().await;
    let begun = world.auth.login.begin_passkey(None, &Presenter::default()).await.unwrap();
    let name = DisplayName::new("Laptop").unwrap();
    let added = world.auth.factors.add_passkey(&owner(&tokens), begun.ceremony.expose(), "laptop", &name).await;
    assert!(matches!(added, Err(FactorError::InvalidPasskey(_))));
}

#[tokio::test]
async fn an_operator_removes_the_factors_of_who_has_lost_them_all() {
    let world = world();
    let (tokens, ..) = with_app(&world).await;
    let operator = Operator { actor: Actor::Operator, presenter: Presenter::default() };
    let account = tokens.facts.account;
    assert_eq!(world.auth.admin.remove_factors(&operator, account).await.unwrap(), 1);
    assert_eq!(world.auth.admin.remove_factors(&operator, account).await.unwrap(), 0, "there is none left");
    let events = world.events(account).await;
    let removed: Vec<_> = events.iter().filter(|event| event.kind == EventKind::TotpRemoved).collect();
    assert_eq!(removed.iter().map(|event| event.actor).collect::<Vec<_>>(), [Actor::Operator]);
    assert!(world.try_login(ALICE, PASSWORD).await.is_ok());
}
