//! How much a database has to do: a glance at counters, for operators to see.

/// How much a database has to do at this moment, and what it has done since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreLoad {
    /// Of SQLite.
    Sqlite(SqliteLoad),
    /// Of PostgreSQL.
    Postgres(PostgresLoad),
}

/// The queues before SQLite's writer and readers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SqliteLoad {
    /// The steps that wait for the writer.
    pub writes_waiting: usize,
    /// The steps that wait for a reader.
    pub reads_waiting: usize,
    /// The most that may wait for each.
    pub queue: usize,
    /// The steps that were refused because a queue was full.
    pub refused: u64,
    /// The steps that the writer has run.
    pub steps: u64,
    /// The commits that made them durable.
    pub commits: u64,
}

/// The connections to PostgreSQL, and who waits for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostgresLoad {
    /// The connections that a step occupies.
    pub in_use: usize,
    /// The open connections that none does.
    pub idle: usize,
    /// The most connections.
    pub connections: usize,
    /// The steps that wait for one.
    pub waiting: usize,
    /// The most that may wait.
    pub queue: usize,
    /// The steps that were refused because too many waited, or that waited for too long.
    pub refused: u64,
}

/// What a step is called in traces and by failpoints: its type's name with the module that it is in, since several steps
/// have one name.
pub(crate) fn name_of<Step>() -> &'static str {
    let whole = std::any::type_name::<Step>();
    let whole = whole.split_once('<').map_or(whole, |(whole, _)| whole);
    whole.rmatch_indices("::").nth(1).and_then(|(at, colons)| whole.get(at + colons.len()..)).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_step_is_named_with_its_module_and_without_its_parameters() {
        assert_eq!(super::name_of::<std::vec::Vec<std::string::String>>(), "vec::Vec");
    }
}
