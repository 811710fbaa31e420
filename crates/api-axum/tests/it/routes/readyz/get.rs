//! `GET /readyz`.

use std::sync::Arc;

use crate::support::{Health, Setup};

#[tokio::test]
async fn the_server_is_ready_while_the_database_answers() {
    let app = Setup::memory().start();
    let answer = app.get("/readyz").send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 200,
      "body": {
        "status": "ready"
      }
    }
    "#);
}

#[tokio::test]
async fn the_server_is_not_ready_while_the_database_does_not_answer() {
    let setup = Setup::memory();
    let app = Setup { health: Arc::new(Health::Unavailable), ..setup }.start();
    let answer = app.get("/readyz").send().await;
    assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("5"));
}
