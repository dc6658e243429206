//! Servers that are refused, that refuse, and that go away and come back.

use super::{house, run};
use crate::tests::engine::{fresh, raw, server};
use crate::tests::samples::*;
use crate::{CommitError, OpenError, Store, Unavailable};

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_text_that_only_this_engine_refuses_spoils_only_its_unit() {
    let (_, store) = house();
    let mut odd = binding(1);
    odd.machine = "a\0b".to_owned();
    let (refused, fine) = run(async {
        tokio::join!(
            store.commit(unit(odd.insert(), [])),
            store.commit(unit(binding(2).insert(), []))
        )
    });
    assert_eq!(refused.unwrap_err(), CommitError::Invalid { table: "bindings" });
    fine.unwrap();
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_server_that_acknowledges_early_is_refused() {
    let url = fresh(&server().unwrap());
    let early = url.replace("options=", "options=-c%20synchronous_commit%3Doff%20");
    for refused in [Store::connect(&early), Store::connect_read_only(&early)] {
        match refused {
            Err(OpenError::Unsafe(findings)) => {
                assert!(findings[0].what.contains("synchronous_commit is off"), "{findings:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(raw(&url, "SELECT to_regclass('commit_marks')").is_empty(), "it was changed");
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
fn a_schema_of_another_program_is_refused_and_a_read_only_one_takes_nothing() {
    let url = fresh(&server().unwrap());
    let older = Store::connect_read_only(&url);
    assert!(matches!(older, Err(OpenError::Older { database: 0, .. })), "{older:?}");
    let store = Store::connect(&url).unwrap();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    let reading = Store::connect_read_only(&url).unwrap();
    let refused = CommitError::Unavailable(Unavailable::ReadOnly);
    assert_eq!(wait(reading.commit(unit(platform(2).insert(), []))).unwrap_err(), refused);
    assert_eq!(wait(reading.platforms()).unwrap(), [platform(1)]);
    assert_eq!(Store::examine(&url).unwrap(), []);
    raw(&url, "INSERT INTO schema_migrations VALUES (9999, 'x', 'x')");
    for refused in [Store::connect(&url), Store::connect_read_only(&url)] {
        assert!(matches!(refused, Err(OpenError::Newer { database: 9999, .. })), "{refused:?}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test"]
#[expect(clippy::disallowed_methods, reason = "who runs the tests says how to restart the server")]
fn a_server_that_stops_and_comes_back_costs_nothing_that_was_acknowledged() {
    let url = fresh(&std::env::var("MINGKA_TEST_POSTGRES_RESTARTED").unwrap());
    let restart = std::env::var("MINGKA_TEST_POSTGRES_RESTART").unwrap();
    let control = |what: &str| {
        let done = std::process::Command::new("sh").args([&restart, what]).status().unwrap();
        assert!(done.success(), "{restart} {what}");
    };
    let store = Store::connect(&url).unwrap();
    let mut told = Vec::new();
    wait(store.commit(unit(platform(1).insert(), []))).unwrap();
    for n in 1..=20 {
        wait(store.commit(unit(binding(n).insert(), [event(n, 1).insert()]))).unwrap();
        told.push(n);
    }
    control("stop");
    let gone = CommitError::Unavailable(Unavailable::Unreachable);
    assert_eq!(wait(store.commit(unit(binding(30).insert(), []))).unwrap_err(), gone);
    assert!(wait(store.platforms()).is_err());
    control("start");
    for n in 21..=25 {
        wait(store.commit(unit(binding(n).insert(), [event(n, 1).insert()]))).unwrap();
        told.push(n);
    }
    for n in told {
        assert!(wait(store.binding(platform_id(1), binding_id(n))).unwrap().is_some(), "{n}");
    }
    assert_eq!(wait(store.binding(platform_id(1), binding_id(30))).unwrap(), None);
}
