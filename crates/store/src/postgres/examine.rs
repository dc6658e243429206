//! What a server must be like to be trusted with money: a commit that it acknowledges is kept.

use tokio_postgres::{Client, Error};

use super::server::Server;

const VERSION_MIN: i64 = 130_000;

/// Something about a server that ought to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the store does not open because of it.
    pub is_refused: bool,
    /// What is so.
    pub what: String,
    /// What to do about it.
    pub mend: &'static str,
}

/// What a server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) version: i64,
    pub(crate) fsync: String,
    pub(crate) full_page_writes: String,
    pub(crate) synchronous_commit: String,
    pub(crate) synchronous_standby_names: String,
    pub(crate) standby_count: i64,
    pub(crate) encoding: String,
    /// Whether texts are sorted by their bytes.
    pub(crate) sorts_by_bytes: bool,
    /// Where tables are made.
    pub(crate) schema: Option<String>,
}

const ASK: &str = "SELECT CAST(current_setting('server_version_num') AS BIGINT),
        current_setting('fsync'), current_setting('full_page_writes'),
        current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
        (SELECT COUNT(*) FROM pg_stat_replication), current_setting('server_encoding'),
        'Z' < '_' AND '_' < 'a' AND 'z' < 'é', CAST(current_schema() AS TEXT)";

/// Asks the server about itself and says what ought to be otherwise.
pub(crate) async fn examine(server: &Server, client: &Client) -> Result<Vec<Finding>, Error> {
    let row = client.query_one(ASK, &[]).await?;
    let said = Said {
        version: row.try_get(0)?,
        fsync: row.try_get(1)?,
        full_page_writes: row.try_get(2)?,
        synchronous_commit: row.try_get(3)?,
        synchronous_standby_names: row.try_get(4)?,
        standby_count: row.try_get(5)?,
        encoding: row.try_get(6)?,
        sorts_by_bytes: row.try_get(7)?,
        schema: row.try_get(8)?,
    };
    Ok(judge(&said, server.has_several_hosts()))
}

/// What ought to be otherwise with such a server.
pub(crate) fn judge(said: &Said, may_fail_over: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |wrong: bool, what: String, mend| {
        findings.extend(wrong.then_some(Finding { is_refused: true, what, mend }));
    };
    refuse(
        said.version < VERSION_MIN,
        format!("the server is of version {}", said.version / 10_000),
        "use PostgreSQL 13 or newer",
    );
    for (name, value) in [("fsync", &said.fsync), ("full_page_writes", &said.full_page_writes)] {
        refuse(
            value != "on",
            format!(
                "{name} is {value}: a crash of the machine can take acknowledged commits along"
            ),
            "set it to on in postgresql.conf",
        );
    }
    let commit = said.synchronous_commit.as_str();
    let has_strict_standbys = !said.synchronous_standby_names.is_empty();
    refuse(
        commit == "off" || (commit == "local" && has_strict_standbys),
        format!("synchronous_commit is {commit}: commits are acknowledged before they are safe"),
        "set it to on, for the server, the database and Mingka's role",
    );
    refuse(
        may_fail_over && !has_strict_standbys,
        "several hosts are given, but no standby must confirm a commit: whoever takes over may not \
         know of payments that were sent"
            .to_owned(),
        "name the standbys in synchronous_standby_names (for example ANY 1 (*)), or give one host",
    );
    refuse(
        said.encoding != "UTF8",
        format!("the database's encoding is {}", said.encoding),
        "create it anew: CREATE DATABASE mingka TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
    );
    refuse(
        !said.sorts_by_bytes,
        "the database sorts text by a language's rules: lists would come in another order"
            .to_owned(),
        "create it anew: CREATE DATABASE mingka TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
    );
    refuse(
        said.schema.is_none(),
        "there is no schema to make tables in".to_owned(),
        "create the schema that search_path names, or give this role the right to use it",
    );
    let asynchronous = said.standby_count > 0 && !has_strict_standbys && !may_fail_over;
    findings.extend(asynchronous.then(|| {
        Finding {
            is_refused: false,
            what:
                "standbys follow, but none must confirm a commit: one that takes over may not know \
               of payments that were sent"
                    .to_owned(),
            mend: "name them in synchronous_standby_names, or never let one take over by itself",
        }
    }));
    findings
}
