//! Reading a request's body: bounded in bytes and in time, UTF-8, JSON of the expected shape.
//! An error names the place and what was expected there, never what was sent.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use mingka_engine::Idempotency;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::app::App;
use crate::canonical::{wipe, write_canonical};
use crate::frame::Turn;
use crate::nearest;
use crate::object::Object;
use crate::problem::{Kind, Problem};

/// The longest idempotency key we take, in characters.
const KEY_CHARS_MAX: usize = 64;
/// The largest file we take over HTTP, in bytes; larger ones by the command line.
const CSV_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        is_json(request.headers())?;
        let bytes = read(request, app).await?;
        Ok(Self(parse(&bytes)?))
    }
}

/// A JSON body of a request that changes something: with the key under which it may be repeated.
#[derive(Debug)]
pub(crate) struct Changing<T> {
    pub(crate) idempotency: Idempotency,
    pub(crate) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for Changing<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        // Callers make keys of whatever they have, a card number too: only a hash is kept.
        let key = app.settings.keyring.blind_index("request.key", key.as_bytes());
        let key = mingka_crypto::digest::hex(&key);
        let scope = format!("{} {}", request.method(), request.uri().path());
        let declared = request.headers().contains_key(header::CONTENT_TYPE);
        let headers = request.headers().clone();
        let bytes = read(request, app).await?;
        // A POST that needs no body may come without one, and then without a type.
        let empty = bytes.is_empty();
        if declared || !empty {
            is_json(&headers)?;
        }
        let text: &[u8] = if empty { b"{}" } else { &bytes };
        let body = parse(text)?;
        let mut value = serde_json::from_slice(text).map_err(|_| Problem::new(Kind::Malformed))?;
        let fingerprint = fingerprint(app, &scope, &value);
        wipe(&mut value);
        Ok(Self { idempotency: Idempotency { key, fingerprint }, body })
    }
}

/// A file of lines, as text/csv in UTF-8.
#[derive(Debug)]
pub(crate) struct Csv(pub(crate) String);

impl FromRequest<App> for Csv {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let given = request.headers().get(header::CONTENT_TYPE);
        let kind = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("text/csv") {
            return Err(Problem::new(Kind::MediaType).detail(
                "请以 Content-Type: text/csv 发送 UTF-8 编码的文件。",
                "Send the file as Content-Type: text/csv in UTF-8.",
            ));
        }
        let bytes = read_within(request, app, CSV_BYTES_MAX).await?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| {
            Problem::new(Kind::Malformed).detail(
                "文件不是 UTF-8 编码；请转换编码后再发送。",
                "The file is not UTF-8; convert it before sending.",
            )
        })?;
        Ok(Self(text))
    }
}

/// The hash of a request's meaning. Keyed, because card numbers are few enough to be guessed.
fn fingerprint(app: &App, scope: &str, value: &Value) -> [u8; 32] {
    let mut canonical = Zeroizing::new(format!("{scope}\n"));
    write_canonical(value, &mut canonical);
    app.settings.keyring.blind_index("request.fingerprint", canonical.as_bytes())
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let missing = || Problem::new(Kind::IdempotencyKeyMissing);
    let mut given = headers.get_all("idempotency-key").iter();
    let key = given.next().and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    // The draft writes it as a quoted string; most callers send it bare.
    let key = key.trim();
    let key = key.strip_prefix('"').and_then(|k| k.strip_suffix('"')).unwrap_or(key);
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    if given.next().is_some() || key.is_empty() || key.len() > KEY_CHARS_MAX || !visible {
        return Err(missing());
    }
    Ok(key.to_owned())
}

/// Refuses whatever does not call itself JSON in UTF-8.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || Problem::new(Kind::MediaType);
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(refused());
    }
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = given.ok_or_else(refused)?.split(';').map(str::trim);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return Err(refused());
    }
    for part in parts {
        if let Some((name, value)) = part.split_once('=') {
            let utf8 = value.trim_matches('"').eq_ignore_ascii_case("utf-8");
            if name.trim().eq_ignore_ascii_case("charset") && !utf8 {
                return Err(refused());
            }
        }
    }
    Ok(())
}

/// The whole body, bounded in bytes and in time. While it arrives the request holds no place among
/// those worked on: a slow sender keeps nobody waiting.
pub(crate) async fn read(request: Request, app: &App) -> Result<Bytes, Problem> {
    read_within(request, app, app.settings.body_bytes_max).await
}

async fn read_within(request: Request, app: &App, bytes_max: usize) -> Result<Bytes, Problem> {
    let turn = request.extensions().get::<Turn>().cloned();
    let turn = turn.filter(|_| !request.body().is_end_stream());
    if let Some(turn) = &turn {
        turn.give_back();
    }
    let bytes = receive(request, app, bytes_max).await?;
    if let Some(turn) = &turn {
        turn.take(app).await?;
    }
    Ok(bytes)
}

async fn receive(request: Request, app: &App, bytes_max: usize) -> Result<Bytes, Problem> {
    let limited = Limited::new(request.into_body(), bytes_max);
    let wait = Duration::from_millis(app.settings.body_timeout_ms);
    match tokio::time::timeout(wait, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::new(Kind::TooLarge))
        }
        Ok(Err(_)) => Err(Problem::new(Kind::Malformed)),
        Err(_) => Err(Problem::new(Kind::Slow)),
    }
}

/// A value from JSON text.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Problem::new(Kind::Malformed).detail(
            "请求体不是 UTF-8 编码；请转换编码后再发送。",
            "The body is not UTF-8; convert it before sending.",
        )
    })?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        problem(error.inner(), &path)
    })?;
    reader.end().map_err(|error| problem(&error, "."))?;
    Ok(value)
}

/// What serde said, without the value that is in its message.
fn problem(error: &serde_json::Error, path: &str) -> Problem {
    use serde_json::error::Category;
    if !matches!(error.classify(), Category::Data) {
        let (line, column) = (error.line(), error.column());
        return Problem::new(Kind::Malformed).detail(
            format!("JSON 在第 {line} 行第 {column} 列读不下去。"),
            format!("The JSON cannot be read from line {line}, column {column} on."),
        );
    }
    let message = error.to_string();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return unknown_field(rest, &pointer(path));
    }
    let pointer = pointer(path);
    if let Some(name) = between(&message, "missing field `") {
        let place = format!("{}/{name}", pointer.trim_end_matches('/'));
        return Problem::new(Kind::WrongShape)
            .pointer(place)
            .detail(format!("缺少字段 {name}。"), format!("The field {name} is missing."));
    }
    if let Some(name) = between(&message, "duplicate field `") {
        return Problem::new(Kind::WrongShape).pointer(format!("/{name}")).detail(
            format!("字段 {name} 出现了两次。"),
            format!("The field {name} stands twice."),
        );
    }
    // The words after the last "expected" are ours; what stands before them is the caller's.
    let expected = message.rsplit_once(", expected ").map(|(_, rest)| rest);
    let expected = expected.and_then(|rest| rest.split(" at line ").next());
    let problem = Problem::new(Kind::WrongShape).pointer(pointer);
    match expected.and_then(in_words) {
        Some((zh, en)) => problem.detail(
            format!("这里的类型不符，应为{zh}。"),
            format!("The type here does not fit; expected {en}."),
        ),
        None => problem,
    }
}

/// What serde expected, in words that do not need Rust to be understood.
fn in_words(expected: &str) -> Option<(String, String)> {
    let fixed = |zh: &str, en: &str| Some((zh.to_owned(), en.to_owned()));
    match expected {
        "a string" | "string" => return fixed("字符串", "a string"),
        "a boolean" => return fixed(" true 或 false", "true or false"),
        "a sequence" => return fixed("数组", "an array"),
        "f32" | "f64" => return fixed("数字", "a number"),
        _ => {}
    }
    let whole = ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];
    if whole.contains(&expected) {
        return fixed("范围内的整数", "a whole number within its range");
    }
    if expected.starts_with("struct ") || matches!(expected, "a map" | "an object") {
        return fixed("对象", "an object");
    }
    // One of a list of names, each between backticks.
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    (!names.is_empty()).then(|| {
        (format!("下列之一：{}", names.join("、")), format!("one of {}", names.join(", ")))
    })
}

/// Names the unknown field only if it looks like a name, and the known one nearest to it.
fn unknown_field(rest: &str, within: &str) -> Problem {
    let (name, known) = rest.split_once('`').unwrap_or((rest, ""));
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let problem = Problem::new(Kind::UnknownField);
    let speakable = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    if !speakable {
        return problem;
    }
    let last = format!("/{name}");
    let problem = problem.pointer(match within.strip_suffix(&last) {
        Some(_) => within.to_owned(),
        None => format!("{within}{last}"),
    });
    match nearest::nearest(name, &known) {
        Some(near) => problem.detail(
            format!("没有字段 {name}，最接近的是 {near}。"),
            format!("There is no field {name}; the nearest is {near}."),
        ),
        None => problem.detail(format!("没有字段 {name}。"), format!("There is no field {name}.")),
    }
}

fn between<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    message.strip_prefix(before)?.split('`').next()
}

/// serde's path as a JSON pointer. Names in it are ours: an unknown field ends before it.
fn pointer(path: &str) -> String {
    if path == "." {
        return String::new();
    }
    let mut pointer = String::new();
    for part in path.split('.') {
        for piece in part.split(['[', ']']).filter(|piece| !piece.is_empty() && *piece != "?") {
            pointer.push('/');
            pointer.push_str(piece);
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::{BindingRequest, ConfirmRequest, PrecheckRequest};

    fn refused<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> (Kind, String) {
        let problem = parse::<T>(text.as_bytes()).unwrap_err();
        (problem.kind, serde_json::to_string(&problem.body(Default::default(), "req")).unwrap())
    }

    #[test]
    fn an_error_names_the_place_and_never_the_value() {
        let (kind, body) = refused::<ConfirmRequest>(r#"{"code": 6217001234567890}"#);
        assert_eq!(kind, Kind::WrongShape);
        assert!(body.contains("/code") && body.contains("应为字符串"), "{body}");
        assert!(!body.contains("6217"), "{body}");
    }

    #[test]
    fn no_word_of_rust_reaches_the_caller() {
        assert_eq!(in_words("struct BindingRequest").unwrap().1, "an object");
        assert_eq!(in_words("u32").unwrap().0, "范围内的整数");
        assert_eq!(in_words("one of `read`, `bind`").unwrap().1, "one of read, bind");
        assert_eq!(in_words("borrowed bytes"), None);
        let (_, body) = refused::<BindingRequest>(r#"{"card_number": {"a": 1}}"#);
        assert!(body.contains("应为字符串"), "{body}");
    }

    #[test]
    fn a_misspelt_field_hears_the_nearest() {
        let (kind, body) = refused::<BindingRequest>(r#"{"card_nunber": "x"}"#);
        assert_eq!(kind, Kind::UnknownField);
        assert!(body.contains("card_number"), "{body}");
        let nested = r#"{"environment": {"app_ver": "1"}}"#;
        let (_, body) = refused::<PrecheckRequest>(nested);
        assert!(body.contains("\"/environment/app_ver\""), "{body}");
        let (_, body) = refused::<BindingRequest>(r#"{"6217001234567890123": "x"}"#);
        assert!(!body.contains("6217"), "{body}");
    }

    #[test]
    fn what_is_no_json_is_placed() {
        assert_eq!(refused::<ConfirmRequest>("{\"code\": \"1\"").0, Kind::Malformed);
        assert_eq!(refused::<ConfirmRequest>("{\"code\": \"1\"} x").0, Kind::Malformed);
        assert_eq!(refused::<ConfirmRequest>("").0, Kind::Malformed);
        for list in ["[]", r#" ["111111"]"#, "[{}]"] {
            let (kind, body) = refused::<ConfirmRequest>(list);
            assert_eq!(kind, Kind::WrongShape, "{list}");
            assert!(body.contains("应为对象"), "{body}");
        }
        let inside = r#"{"environment": ["3.2.1", "android"]}"#;
        let (kind, body) = refused::<PrecheckRequest>(inside);
        assert_eq!(kind, Kind::WrongShape, "its fields would come in our order");
        assert!(body.contains("/environment") && body.contains("应为对象"), "{body}");
        assert_eq!(refused::<ConfirmRequest>("{}").0, Kind::WrongShape);
        assert_eq!(refused::<ConfirmRequest>(r#"{"code":"1","code":"2"}"#).0, Kind::WrongShape);
        let gbk = b"{\"code\": \"\xd0\xd5\xc3\xfb\"}";
        assert_eq!(parse::<ConfirmRequest>(gbk).unwrap_err().kind, Kind::Malformed);
        let deep = "[".repeat(100_000);
        assert_ne!(refused::<ConfirmRequest>(&deep).0, Kind::Internal);
    }
}
