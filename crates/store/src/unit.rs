//! A unit is guarded, committed, then performed. Here are its parts and the ways it can end; what
//! runs it stands in `batch`. Only this crate can make a [`Committed`].

use std::borrow::Cow;
use std::fmt;

use mingka_domain::effect::{Effect, Subject};
use mingka_domain::id::{Id, Kind};
use mingka_domain::time::Timestamp;

/// One change that is done whole or not at all: the guard decides, the writes follow, and the
/// effects may be performed once everything is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// A compare-and-set, or an insert that may lose. When it changes no row, nothing else happens.
    pub guard: Statement,
    /// What else is written when the guard wins.
    pub writes: Vec<Statement>,
    /// What is to be done afterwards.
    pub effects: Vec<Effect>,
    /// Whether units that somebody waits for may go first.
    pub(crate) is_behind: bool,
}

impl Unit {
    /// A unit that is only its guard so far.
    #[must_use]
    pub fn new(guard: Statement) -> Self {
        Self { guard, writes: Vec::new(), effects: Vec::new(), is_behind: false }
    }

    /// Lets units that somebody waits for go first: nobody waits for this one. A few durable
    /// commits later it has its turn all the same.
    #[must_use]
    pub fn behind(mut self) -> Self {
        self.is_behind = true;
        self
    }

    /// Adds a write.
    #[must_use]
    pub fn write(mut self, statement: Statement) -> Self {
        self.writes.push(statement);
        self
    }

    /// Adds writes.
    #[must_use]
    pub fn writes(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        self.writes.extend(statements);
        self
    }

    /// The guard, then the writes.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Statement> {
        std::iter::once(&self.guard).chain(&self.writes)
    }

    /// Adds effects.
    #[must_use]
    pub fn effects(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }
}

/// One SQL statement with its values. Only a record's own functions make one: no other crate brings
/// SQL of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The row it is about: units of one batch run in the order of their guards' rows.
    pub(crate) row: RowKey,
    /// What it means for the unit when no row changes; `None` when that is as good.
    pub(crate) loss: Option<Loss>,
    /// The text, its `$n` numbered by first appearance.
    pub(crate) sql: &'static str,
    /// The values of `$1`, `$2`, …
    pub(crate) values: Vec<Value>,
}

impl Statement {
    /// The table it is about.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.row.table
    }

    /// A statement whose changing no row makes the whole unit stale.
    pub(crate) fn guarded(row: RowKey, sql: &'static str, values: Vec<Value>) -> Self {
        Self { row, loss: Some(Loss::Stale), sql, values }
    }

    /// An insert that may lose to a row that is there already.
    pub(crate) fn insert(row: RowKey, sql: &'static str, values: Vec<Value>) -> Self {
        Self { row, loss: Some(Loss::Duplicate), sql, values }
    }

    /// The text as it is run. An insert that may lose gives way to any row that is in its way,
    /// under whatever unique index: an error instead would undo a whole transaction on PostgreSQL.
    pub(crate) fn text(&self) -> Cow<'static, str> {
        if self.loss == Some(Loss::Duplicate) && !self.sql.contains("ON CONFLICT") {
            return Cow::Owned(format!("{} ON CONFLICT DO NOTHING", self.sql));
        }
        Cow::Borrowed(self.sql)
    }

    /// A statement that may find nothing to change.
    pub(crate) fn any(row: RowKey, sql: &'static str, values: Vec<Value>) -> Self {
        Self { row, loss: None, sql, values }
    }
}

/// What a statement that changed no row says about its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Somebody else was there since the row was read.
    Stale,
    /// The row exists already.
    Duplicate,
    /// No place is left of the quota of this name.
    Full(&'static str),
}

/// Which row a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    /// The table.
    pub(crate) table: &'static str,
    /// The row's own key, as text.
    pub(crate) key: String,
}

impl RowKey {
    /// The row of `table` whose key is `key`.
    pub(crate) fn new(table: &'static str, key: impl fmt::Display) -> Self {
        Self { table, key: key.to_string() }
    }
}

/// A value bound to a `$n`. `Debug` shows no content: it may be sealed, a hash or a reference.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// NULL.
    Null,
    /// BIGINT.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BYTEA.
    Bytes(Vec<u8>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "text[{}]", text.len()),
            Self::Bytes(bytes) => write!(f, "bytes[{}]", bytes.len()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(moment.as_millis())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&Vec<u8>> for Value {
    fn from(bytes: &Vec<u8>) -> Self {
        Self::Bytes(bytes.clone())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<K: Kind> From<Id<K>> for Value {
    fn from(id: Id<K>) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<Subject> for Value {
    fn from(subject: Subject) -> Self {
        Self::Text(subject.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The values of a statement, each turned into a [`Value`].
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::unit::Value::from($value)),*] };
}
pub(crate) use values;

/// Proof that a unit is durable, and what may now be done. Nobody outside this crate can make one,
/// so nothing that was not persisted can be sent.
///
/// ```compile_fail
/// let forged = mingka_store::Committed { effects: Vec::new() };
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Committed {
    effects: Vec<Effect>,
}

impl Committed {
    pub(crate) fn new(effects: Vec<Effect>) -> Self {
        Self { effects }
    }

    /// What is to be done now.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// What is to be done now, by value.
    #[must_use]
    pub fn into_effects(self) -> Vec<Effect> {
        self.effects
    }
}

/// Why a unit is not known to be durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitError {
    /// Certainly not committed: a row of this table was changed by somebody else. Load it again.
    Stale {
        /// The table of the statement that found nothing to change.
        table: &'static str,
    },
    /// Certainly not committed: a row of this table is there already.
    Duplicate {
        /// The table of the statement that lost.
        table: &'static str,
    },
    /// Certainly not committed: a quota has no place left.
    Full {
        /// Which quota.
        quota: &'static str,
    },
    /// It may be durable or not, and could not be read back. Assume neither: perform no effect, and
    /// read the records again before deciding anything.
    Unknown,
    /// Certainly not committed, for a reason outside the unit. Nothing was changed.
    Unavailable(Unavailable),
    /// Certainly not committed: it breaks a rule of the schema. A bug of the caller.
    Invalid {
        /// The table of the statement that broke the rule.
        table: &'static str,
    },
}

/// Why the database takes or gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// The disk, or the size allowed, is full.
    Full,
    /// The database may only be read.
    ReadOnly,
    /// The store was closed.
    Closed,
    /// Another process holds the database, or the rows that are wanted.
    Busy,
    /// The database cannot be read or written, or is damaged.
    Broken,
    /// The database's server is not there.
    Unreachable,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the database's disk is full",
            Self::ReadOnly => "the database may only be read",
            Self::Closed => "the store is closed",
            Self::Busy => "somebody else holds what is wanted in the database",
            Self::Broken => "the database's files cannot be read or written",
            Self::Unreachable => "the database's server cannot be reached",
        })
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { table } => write!(f, "a row of {table} changed since it was read"),
            Self::Duplicate { table } => write!(f, "a row of {table} is there already"),
            Self::Full { quota } => write!(f, "the quota {quota} has no place left"),
            Self::Unknown => f.write_str("it is not known whether the commit took place"),
            Self::Unavailable(why) => write!(f, "nothing was committed: {why}"),
            Self::Invalid { table } => write!(f, "a rule of the table {table} is broken"),
        }
    }
}

impl std::error::Error for CommitError {}
