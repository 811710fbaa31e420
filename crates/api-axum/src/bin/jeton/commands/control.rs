//! What the commands that control accounts have in common: the database, the use cases, and whose account it is.

use auth_domain::Auth;
use auth_domain::admin::Operator;
use auth_domain::model::{Account, AccountId, Actor, Presenter};
use auth_domain::ports::Stores;
use auth_domain::sealing::Sealer;
use store_diesel::Database;

use crate::cli::Who;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};
use crate::wiring;

/// The database of the settings, and what can be done with it.
pub(super) struct Control {
    database: Database,
    /// The storage ports.
    pub(super) stores: Stores,
    /// The use cases.
    pub(super) auth: Auth,
    /// Who does it.
    pub(super) operator: Operator,
}

impl Control {
    /// Opens the database, does the work, and closes it.
    pub(super) async fn with<T>(
        config: &Config,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = wiring::open_database(config).await?;
        Self::over(database, config, None, work).await
    }

    /// The same for work that seals what running servers must be able to open.
    pub(super) async fn sealing<T>(
        config: &Config,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = wiring::open_database(config).await?;
        let sealer = wiring::sealer(config, &database.stores()).await?;
        Self::over(database, config, Some(sealer), work).await
    }

    async fn over<T>(
        database: Database,
        config: &Config,
        sealer: Option<Sealer>,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let stores = database.stores();
        let auth = wiring::offline(config, stores.clone(), sealer)?;
        let operator = Operator { actor: Actor::Operator, presenter: Presenter::default() };
        let control = Self { database, stores, auth, operator };
        let outcome = work(&control).await;
        control.database.close().await;
        outcome
    }

    /// The account of this address or id, disabled or not.
    pub(super) async fn account(&self, who: &Who) -> Result<Account, Failure> {
        match who {
            Who::Id(id) => self.auth.admin.account(*id).await.doing(&format!("find the account {id}")),
            Who::Email(email) => {
                let found = self.stores.accounts.credentials(email).await.doing("look for the account")?;
                let none = || Failure::new(format!("there is no account with the mail address {}", email.address()));
                found.map(|found| found.account).ok_or_else(none)
            }
        }
    }

    /// Its id; of an id itself nothing is asked, since a deleted account still has events.
    pub(super) async fn id(&self, who: &Who) -> Result<AccountId, Failure> {
        match who {
            Who::Id(id) => Ok(*id),
            Who::Email(_) => Ok(self.account(who).await?.id),
        }
    }
}

/// Says on standard error that a list was cut, since standard output may be read by a machine.
pub(super) fn say_if_cut(more: bool, limit: u32) {
    if more {
        note(&format!("these are the first {limit}; there are more (--limit)"));
    }
}

/// A line for the operator beside the command's output.
pub(super) fn note(text: &str) {
    // Nobody is left to tell if even this fails.
    let _ = std::io::Write::write_fmt(&mut std::io::stderr().lock(), format_args!("{text}\n"));
}
