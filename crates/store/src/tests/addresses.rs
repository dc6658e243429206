//! Addresses of servers: what is refused before anybody is called, and that nobody repeats a
//! password. What a server must be like.

use crate::open::Settings;
use crate::postgres::examine::{Said, judge};
use crate::postgres::server::Server;
use crate::{OpenError, Store};

const PASSWORD: &str = "hunter2";

fn parse(url: &str) -> Result<Server, OpenError> {
    Server::parse(url, &Settings::default())
}

#[test]
fn a_password_is_never_repeated() {
    let nobody = format!("postgres://u:{PASSWORD}@127.0.0.1:1/d");
    let wrong = [
        format!("postgres://u:{PASSWORD}@/"),
        format!("postgres://u:x?{PASSWORD}=1@h/d"),
        format!("postgres://u:{PASSWORD}@h:port/d"),
        format!("host=h password={PASSWORD} nonsense={PASSWORD}"),
        format!("postgres://u:{PASSWORD}@192.0.2.1/d"),
        nobody.clone(),
    ];
    for url in wrong {
        let error = match Store::examine(&url) {
            Err(error) => format!("{error} {error:?}"),
            Ok(found) => panic!("{url}: {found:?}"),
        };
        assert!(!error.contains(PASSWORD), "{error}");
    }
    let server = parse(&nobody).unwrap();
    assert!(!format!("{server:?}").contains(PASSWORD));
}

#[test]
fn a_server_across_a_network_is_called_only_by_whoever_says_so() {
    for local in [
        "postgres://u@localhost/d",
        "postgres://u@127.0.0.1:5432/d",
        "postgres://u@[::1]/d",
        "postgres://u@%2Fvar%2Frun%2Fpostgresql/d",
        "postgres://u@192.0.2.1/d?sslmode=disable",
        "postgres://u@db1,db2/d?sslmode=disable",
    ] {
        assert!(parse(local).is_ok(), "{local}");
    }
    for refused in [
        "postgres://u@192.0.2.1/d",
        "postgres://u@localhost,db2/d",
        "postgres://u@localhost/d?sslmode=require",
        "postgres://u@localhost/d?hostaddr=192.0.2.1",
    ] {
        assert!(matches!(parse(refused), Err(OpenError::NoTls)), "{refused}");
    }
}

fn trusted() -> Said {
    Said {
        version: 150_018,
        fsync: "on".to_owned(),
        full_page_writes: "on".to_owned(),
        synchronous_commit: "on".to_owned(),
        synchronous_standby_names: String::new(),
        standby_count: 0,
        encoding: "UTF8".to_owned(),
        sorts_by_bytes: true,
        schema: Some("public".to_owned()),
    }
}

#[test]
fn a_server_that_may_forget_is_refused() {
    assert_eq!(judge(&trusted(), false), []);
    let with = |change: fn(&mut Said)| {
        let mut said = trusted();
        change(&mut said);
        judge(&said, false)
    };
    let refused: [fn(&mut Said); 8] = [
        |said| said.version = 120_022,
        |said| said.fsync = "off".to_owned(),
        |said| said.full_page_writes = "off".to_owned(),
        |said| said.synchronous_commit = "off".to_owned(),
        |said| {
            said.synchronous_commit = "local".to_owned();
            said.synchronous_standby_names = "*".to_owned();
        },
        |said| said.encoding = "LATIN1".to_owned(),
        |said| said.sorts_by_bytes = false,
        |said| said.schema = None,
    ];
    for change in refused {
        let findings = with(change);
        assert!(matches!(findings.as_slice(), [one] if one.is_refused), "{findings:?}");
    }
    let followed = with(|said| said.standby_count = 1);
    assert!(matches!(followed.as_slice(), [one] if !one.is_refused), "{followed:?}");
}

#[test]
fn several_hosts_without_a_standby_that_confirms_are_refused() {
    let mut said = trusted();
    assert!(judge(&said, true).iter().any(|finding| finding.is_refused));
    said.synchronous_standby_names = "ANY 1 (*)".to_owned();
    said.standby_count = 1;
    assert_eq!(judge(&said, true), []);
}
