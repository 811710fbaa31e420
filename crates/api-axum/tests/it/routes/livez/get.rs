//! `GET /livez`.

use std::sync::Arc;

use crate::support::{Health, Setup};

#[tokio::test]
async fn the_process_is_alive_whatever_the_database_does() {
    let setup = Setup::memory();
    let app = Setup { health: Arc::new(Health::Unavailable), ..setup }.start();
    let answer = app.get("/livez").send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 200,
      "body": {
        "status": "live"
      }
    }
    "#);
}
