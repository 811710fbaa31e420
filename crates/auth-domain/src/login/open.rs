//! The end of every login: the session, and its first tokens.

use super::{Device, Login, LoginError, SignedIn};
use crate::mail::{KNOWN_DEVICE, NEW_DEVICE};
use crate::model::{
    AccountId, Actor, DeviceId, EventId, EventKind, NewSession, Opened, RestsOn, SecurityEvent, SessionId, Timestamp,
    TokenSecret, UserAgent,
};
use crate::ports::random;
use crate::session::TokensNotIssued;
use crate::throttle::DeviceToken;

impl Login {
    /// Opens a session of an account whose owner has proved who he is by these methods (RFC 8176).
    pub(super) async fn open(
        &self,
        account: AccountId,
        known: Option<DeviceId>,
        device: Device<'_>,
        (rests_on, amr): (RestsOn, &[&str]),
        now: Timestamp,
    ) -> Result<SignedIn, LoginError> {
        let secret = TokenSecret::from_bytes(random(&*self.entropy)?);
        let key_id = self.keys.active();
        let id = SessionId::new(now, random(&*self.entropy)?);
        let device_id = match known {
            Some(device) => device,
            None => DeviceId::new(now, random(&*self.entropy)?),
        };
        let device_token = DeviceToken::new(&self.keys, account, device_id);
        let device_token = device_token.ok_or(TokensNotIssued::UnknownMasterKey(key_id))?;
        let (by, presenter) = (Actor::Owner(Some(id)), device.presenter);
        let class = device.class.unwrap_or_else(|| UserAgent::parse(presenter.user_agent.as_deref()).class);
        let event_id = EventId::new(now, random(&*self.entropy)?);
        let event = SecurityEvent::new(event_id, now, EventKind::SessionOpened, account, by, presenter.clone())
            .in_session(Some(id))
            .with_detail(if known.is_some() { KNOWN_DEVICE } else { NEW_DEVICE });
        let new = NewSession {
            id,
            account,
            client_id: self.client.id.clone(),
            scope: self.client.scope.clone(),
            token_hash: secret.hash(),
            key_id,
            device_name: device.name.map(|name| name.as_str().to_owned()),
            device_class: class,
            presenter,
            amr: amr.iter().map(|method| (*method).to_owned()).collect(),
            rests_on,
            now,
            idle_expires_at: self.policy.idle_expires_at(now),
            expires_at: self.policy.expires_at(now),
            tokens_until: self.tokens.live_until(now),
            end_first: device.end_session,
            event,
        };
        let added = self.tokens.added(account, id).await.map_err(TokensNotIssued::from)?;
        match self.sessions.open(new, self.limit).await? {
            Opened::Opened { facts, evicted } => {
                self.after_commit.revoked(&evicted);
                let tokens = self.tokens.issue(facts, &added, &secret, key_id, now)?;
                Ok(SignedIn { tokens, device_token })
            }
            Opened::LimitReached { live } => Err(LoginError::SessionLimitReached { live }),
            Opened::AccountUnavailable => Err(LoginError::InvalidCredentials),
        }
    }
}
