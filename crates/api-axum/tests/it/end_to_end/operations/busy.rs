//! More comes than the server can take: it says so at once, and goes on for the others.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::super::client::{Answer, Tokens};
use super::super::home::Home;
use super::super::on_both_engines;
use super::page::{Page, serve};

on_both_engines!(
    refreshes_beyond_the_queue_are_refused_at_once_and_none_is_lost,
    logins_beyond_the_queue_are_refused_at_once_while_refreshes_go_on,
);

const SESSIONS: usize = 64;
const EMAIL: &str = "alice@example.com";

fn assert_busy(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (503, "busy"), "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "1");
}

async fn refreshes_beyond_the_queue_are_refused_at_once_and_none_is_lost(home: Home) {
    // So many logins at once would have to wait for each other.
    let home = home.with("JETON_THROTTLE__ENABLED", "false");
    let few = [("JETON_DATABASE__CONNECTIONS", "1"), ("JETON_DATABASE__QUEUE", "2")];
    // Signed in at a server with room.
    let roomy = home.serve();
    roomy.client().register(EMAIL).await;
    let logins = (0..SESSIONS).map(|_| async { roomy.client().login(EMAIL).await });
    let mut sessions: Vec<Tokens> = join_all(logins).await;
    roomy.stop();
    let (server, url) = serve(&home, &few).await;
    let client = server.client();

    let mut refused = 0;
    for burst in 0.. {
        let answers = join_all(sessions.iter().map(|session| async {
            let sent = Instant::now();
            let answer = client.refresh(&session.refresh, None).await.unwrap();
            assert!(sent.elapsed() < Duration::from_secs(20), "it hung");
            answer
        }))
        .await;
        for (session, answer) in sessions.iter_mut().zip(answers) {
            if let Some(next) = answer.tokens() {
                *session = next;
            } else {
                assert_busy(&answer);
                refused += 1;
            }
        }
        if refused > 0 {
            break;
        }
        assert!(burst < 50, "the queue is never full");
    }
    let page = Page::read(&url).await;
    assert!(page.value("jeton_store_refused_total") >= 1.0);
    assert!(page.value("jeton_store_queue_limit") < 3.0);
    // The same tokens again, as `Retry-After` asks for.
    for session in &sessions {
        let mut answer = client.refresh(&session.refresh, None).await.unwrap();
        while answer.status == 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = client.refresh(&session.refresh, None).await.unwrap();
        }
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert!(page.value(r#"jeton_refreshes_total{outcome="failed"}"#) >= 1.0);
}

async fn logins_beyond_the_queue_are_refused_at_once_while_refreshes_go_on(home: Home) {
    let home = home
        .with("JETON_THROTTLE__ENABLED", "false")
        .with("JETON_PASSWORD__THREADS", "1")
        .with("JETON_PASSWORD__QUEUE", "2");
    let (server, url) = serve(&home, &[]).await;
    let client = server.client();
    let mut mine = client.join(EMAIL).await;
    let flood = join_all((0..SESSIONS).map(|_| async {
        let answer = client.try_login(EMAIL).await.unwrap();
        if answer.status != 200 {
            assert_busy(&answer);
        }
        answer.status
    }));
    let refreshes = async {
        for _ in 0..20 {
            mine = client.refresh(&mine.refresh, None).await.unwrap().tokens().unwrap();
        }
    };
    let (statuses, ()) = tokio::join!(flood, refreshes);
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert!(refused > 0, "the queue is never full");
    assert!(refused < SESSIONS, "nobody was served");
    let page = Page::read(&url).await;
    let counted = page.value(r#"jeton_http_shed_total{queue="hashing"}"#)
        + page.value(r#"jeton_logins_total{method="password",outcome="busy"}"#);
    assert!((counted - f64::from(u32::try_from(refused).unwrap())).abs() < 1e-9, "{counted} of {refused}");
    assert_eq!(client.try_login(EMAIL).await.unwrap().status, 200, "it is over");
}
