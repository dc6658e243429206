//! Platforms cannot see each other. Every operation of the interface's own description is called
//! with what another platform has: it answers as if that existed nowhere, and nothing of the
//! other's has changed afterwards. What the suite does not know of the description is a failure.

mod known;
mod sides;

use std::collections::BTreeSet;

use http::Method;
use mingka_sandbox::bank::SettlementDay;
use serde_json::{Value, json};

use self::known::{How, KNOWN, Operation, PERSONS, last_word, operations};
use self::sides::{Two, foreign_ways, key_of, nowhere, own_ways, settle};
use crate::house::{House, MERCHANT, Told, fresh};

#[test]
fn every_operation_and_every_name_is_known() {
    let described = operations();
    let names: BTreeSet<&str> = described.iter().map(|one| one.name.as_str()).collect();
    let known: BTreeSet<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), KNOWN.len(), "an operation is known twice");
    let new: Vec<_> = names.difference(&known).collect();
    assert!(new.is_empty(), "say in KNOWN how these are called with what another has: {new:?}");
    let gone: Vec<_> = known.difference(&names).collect();
    assert!(gone.is_empty(), "these are not in the description any more: {gone:?}");
    for one in &described {
        assert_eq!(one.gaps(), Vec::<String>::new(), "{}", one.name);
    }
}

#[tokio::test]
async fn no_platforms_key_opens_what_persons_may_do() {
    let house = House::new().await;
    let theirs = |how: &How| matches!(how, How::Exempt(why) if *why == PERSONS);
    let names: Vec<_> = KNOWN.iter().filter(|(_, how)| theirs(how)).map(|one| one.0).collect();
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        let (method, path) = name.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let asked = house.api(method, &path.replace("{id}", "appr_1")).json(&json!({}));
        asked.send().await.problem(401, "auth.key_unknown");
    }
}

#[tokio::test]
async fn what_another_platform_has_exists_nowhere_and_stays_as_it_was() {
    let house = sides::house().await;
    let two = Two::of(&house).await;
    let before = two.a.seen().await;
    let marks = two.a.marks(&before);
    let sent = house.sent.lock().unwrap().len();
    for one in operations() {
        match one.how() {
            How::Names(body) => by_its_path(&one, body, &two, &marks).await,
            How::Shows => by_its_lists(&one, &two, &marks).await,
            How::Takes => by_its_body(&one, &two, &marks).await,
            How::Exempt(_) => {}
        }
        by_its_query(&one, &two, &marks).await;
    }
    assert_eq!(house.sent.lock().unwrap().len(), sent, "something was sent to the bank");
    settle(&house).await;
    assert_eq!(two.a.seen().await, before);
}

/// Calls it with each id of the other's in its path, under the very idempotency key with which the
/// other did the same.
async fn by_its_path(one: &Operation, body: &str, two: &Two<'_>, marks: &BTreeSet<String>) {
    for way in foreign_ways(&one.path, two) {
        let theirs = two.b.call(&one.method, &way.path, body, key_of(&way.path)).await;
        let none = two.b.call(&one.method, &way.nowhere, body, key_of(&way.nowhere)).await;
        let what = format!("{} {}", one.method, way.path);
        assert_eq!(none.status.as_u16(), 404, "{what}: what is nowhere: {}", none.text);
        same(&theirs, &none, &what);
        theirs.problem(404, "resource.not_found");
        hides(&theirs, marks, &what);
    }
}

async fn by_its_lists(one: &Operation, two: &Two<'_>, marks: &BTreeSet<String>) {
    let shown = two.b.call(&one.method, &one.path, "", "").await.is(200);
    hides(&shown, marks, &one.name);
}

/// Asks for what the other has, and begins lists at the other's ids.
async fn by_its_query(one: &Operation, two: &Two<'_>, marks: &BTreeSet<String>) {
    if matches!(one.how(), How::Exempt(_)) {
        return;
    }
    for name in one.foreign_queries() {
        for way in own_ways(&one.path, &two.b) {
            for word in two.a.words(name, &one.path) {
                let path = format!("{}?{name}={word}", way.path);
                let none = format!("{}?{name}={}", way.path, nowhere(&word));
                let theirs = two.b.call(&one.method, &path, "", "").await.is(200);
                let none = two.b.call(&one.method, &none, "", "").await.is(200);
                same(&theirs, &none, &path);
                hides(&theirs, marks, &path);
            }
        }
    }
}

/// Names what the other has in a body that is otherwise right.
async fn by_its_body(one: &Operation, two: &Two<'_>, marks: &BTreeSet<String>) {
    for pointer in one.pointers() {
        for word in two.a.words(last_word(pointer), &one.path) {
            let mut told = Vec::new();
            for word in [word.clone(), nowhere(&word)] {
                let mut body = two.b.body_of(&one.name);
                *body.pointer_mut(pointer).unwrap() = json!(word);
                told.push(two.b.call(&one.method, &one.path, &body.to_string(), &fresh()).await);
            }
            let what = format!("{} {pointer} {word}", one.name);
            assert!(told[1].status.is_client_error(), "{what}: nowhere: {}", told[1].text);
            same(&told[0], &told[1], &what);
            hides(&told[0], marks, &what);
        }
    }
}

/// With what is its own the same calls do what they are for, or the suite proves nothing.
#[tokio::test]
async fn what_a_platform_has_itself_is_there() {
    let house = sides::house().await;
    let two = Two::of(&house).await;
    let marks = two.a.marks(&two.a.seen().await);
    let all = operations();
    for one in all.iter().filter(|one| one.how() == How::Takes) {
        let body = two.b.body_of(&one.name).to_string();
        let told = two.b.call(&one.method, &one.path, &body, &fresh()).await;
        assert!(told.status.is_success(), "{}: {}", one.name, told.text);
        hides(&told, &marks, &one.name);
        for pointer in one.pointers() {
            let own = two.b.words(last_word(pointer), &one.path);
            let said = two.b.body_of(&one.name).pointer(pointer).cloned();
            assert_eq!(said, Some(json!(own[0])), "{} {pointer}", one.name);
        }
    }
    for one in all.iter().filter(|one| one.how() == How::Shows) {
        for name in ["borrower_ref", "reference"] {
            if one.queries.contains(name) {
                let path = format!("{}?{name}={}", one.path, two.b.words(name, &one.path)[0]);
                let list = two.b.call(&one.method, &path, "", "").await.is(200).json();
                assert_ne!(list["items"], json!([]), "{path}");
            }
        }
    }
    for one in &all {
        let How::Names(body) = one.how() else { continue };
        for way in own_ways(&one.path, &two.b) {
            let told = two.b.call(&one.method, &way.path, body, key_of(&way.path)).await;
            let status = told.status.as_u16();
            let what = format!("{} {}: {}", one.method, way.path, told.text);
            assert!([200, 201, 202, 409].contains(&status), "{status} {what}");
            hides(&told, &marks, &what);
        }
    }
}

/// Two platforms may share a merchant account: then the bank's statement holds both's orders. A
/// line of the other's is not called unknown, as a line of nobody's is: nothing else is said of it.
#[tokio::test]
async fn a_statement_over_a_shared_account_tells_each_only_of_its_own() {
    let house = sides::house().await;
    let two = Two::of(&house).await;
    let day = SettlementDay::of(house.parts.clock.now());
    house.later(86_400_000);
    let now = house.parts.clock.now();
    let file = house.bank.lock().unwrap().statement(now, MERCHANT, day).unwrap();
    let before = two.a.seen().await;
    let marks = two.a.marks(&before);
    let path = format!("/v1/statements/{day}");
    let unread = two.a.call(&Method::GET, &path, "", "").await.is(200).json();
    let told = imports(&house, &two, &file).await;
    hides(&told, &marks, "a statement");
    let report = told.json();
    let counts = (&report["lines"], &report["matched"], &report["unknown"]);
    assert_eq!(counts, (&json!(2), &json!(1), &json!([])), "{report}");
    hides(&two.b.call(&Method::GET, &path, "", "").await.is(200), &marks, &path);
    settle(&house).await;
    assert_eq!(two.a.seen().await, before);
    let still = two.a.call(&Method::GET, &path, "", "").await.is(200).json();
    assert_eq!((&still, &still["files"]), (&unread, &json!([])));
}

async fn imports(house: &House, two: &Two<'_>, file: &str) -> Told {
    let ask = house.ask(Method::POST, "/v1/statements").header("content-type", "text/csv");
    let ask = ask.header("authorization", &two.b.bearer());
    ask.body(file).send().await.is(200)
}

/// Asserts that nobody can tell two answers apart, but by the numbers of the requests.
#[track_caller]
fn same(theirs: &Told, none: &Told, what: &str) {
    assert_eq!(plain(theirs), plain(none), "{what}: it is told apart from what exists nowhere");
}

fn plain(told: &Told) -> (u16, BTreeSet<String>, Value) {
    let headers = told.headers.iter().filter(|(name, _)| name.as_str() != "x-request-id");
    let headers = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    let mut body: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| json!(told.text));
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    (told.status.as_u16(), headers, body)
}

/// Asserts that an answer holds nothing that is only the other platform's.
#[track_caller]
fn hides(told: &Told, marks: &BTreeSet<String>, what: &str) {
    let headers = format!("{:?}", told.headers);
    for mark in marks {
        let held = told.text.contains(mark) || headers.contains(mark);
        assert!(!held, "{what}: {mark} is shown to another platform: {}", told.text);
    }
}
