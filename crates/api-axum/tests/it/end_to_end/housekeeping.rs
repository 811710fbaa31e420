//! What is needed no more goes while the server works.

use std::time::{Duration, Instant};

use api_axum::SystemClock;
use auth_domain::model::{
    AccountId, Actor, DeviceClass, EventId, EventKind, NewSession, Opened, Presenter, RestsOn, SecurityEvent,
    SessionId, SessionLimit, TokenHash,
};
use auth_domain::ports::{Clock as _, random};
use auth_domain::testing::SeededEntropy;
use store_diesel::Database;

use super::home::{Home, row};
use super::on_both_engines;

on_both_engines!(rows_of_long_ago_go_in_batches_while_refreshes_go_on);

/// Several batches of them.
const ROWS: usize = 1_000;
/// Nobody waits longer for a batch than this; a busy test machine gets a margin over the 50 ms that a batch may take.
const LONGEST_REFRESH: Duration = Duration::from_millis(1_000);

async fn rows_of_long_ago_go_in_batches_while_refreshes_go_on(home: Home) {
    let server = home.serve();
    let client = server.client();
    let mut tokens = client.join("alice@example.com").await;
    let me = client.me(&tokens.access).await.unwrap();
    server.stop();
    let database = home.database().await;
    let account = me.body["id"].as_str().unwrap().parse().unwrap();
    let old = long_ago(&database, account).await;

    let server = home.serve();
    let client = server.client();
    let (first, last) = (old[0], old[ROWS - 1]);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut refreshes = 0_u32;
    while row(&database, first).await.is_some() || row(&database, last).await.is_some() {
        assert!(Instant::now() < deadline, "old rows are still there");
        let started = Instant::now();
        tokens = client.refresh(&tokens.refresh, None).await.unwrap().tokens().unwrap();
        assert!(started.elapsed() < LONGEST_REFRESH, "a refresh took {:?}", started.elapsed());
        refreshes += 1;
    }
    assert!(refreshes > 5, "{refreshes} refreshes while rows went");
    for id in old {
        assert_eq!(row(&database, id).await, None);
    }
    let living: SessionId = tokens.session.parse().unwrap();
    assert_eq!(row(&database, living).await, Some((refreshes, false)));
    database.close().await;
}

/// Sessions that expired two months ago, and the events of their opening two years ago.
async fn long_ago(database: &Database, account: AccountId) -> Vec<SessionId> {
    let dice = SeededEntropy::new(7);
    let now = SystemClock.now();
    let days_ago = |days: u64| now.minus(Duration::from_secs(days * 86_400));
    let (opened_at, expired_at) = (days_ago(730), days_ago(60));
    let sessions = database.stores().sessions;
    let mut ids = Vec::new();
    for _ in 0..ROWS {
        let id = SessionId::new(opened_at, random(&dice).unwrap());
        let event = SecurityEvent {
            id: EventId::new(opened_at, random(&dice).unwrap()),
            at: opened_at,
            kind: EventKind::SessionOpened,
            account,
            session: Some(id),
            actor: Actor::Owner(Some(id)),
            presenter: Presenter::default(),
            evidence: None,
            detail: None,
        };
        let new = NewSession {
            id,
            account,
            client_id: "jeton".to_owned(),
            scope: "account".to_owned(),
            token_hash: TokenHash::from_bytes(random(&dice).unwrap()),
            key_id: 1,
            device_name: None,
            device_class: DeviceClass::Cli,
            presenter: Presenter::default(),
            amr: vec!["pwd".to_owned()],
            rests_on: RestsOn::Password { changed_at: None },
            now: opened_at,
            idle_expires_at: expired_at,
            expires_at: expired_at,
            tokens_until: opened_at,
            end_first: None,
            event,
        };
        let opened = sessions.open(new, SessionLimit::default()).await.unwrap();
        assert!(matches!(opened, Opened::Opened { .. }), "{opened:?}");
        ids.push(id);
    }
    ids
}
