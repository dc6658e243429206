//! The readable page of the interface, made from its own description: no script, nothing from
//! elsewhere.

use std::sync::LazyLock;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::problem::{Kind, Problem};
use crate::{assets, openapi};

/// The whole page.
#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    assets: &'static str,
    title: String,
    paragraphs: Vec<String>,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
    kinds: Vec<ErrorKind>,
}

/// Operations under one heading.
struct Group {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

/// One operation.
struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    needs_key: bool,
    parameters: Vec<Property>,
    request: Option<String>,
    answers: Vec<Answer>,
}

/// One answer of an operation.
struct Answer {
    status: String,
    description: String,
    schema: Option<String>,
}

/// One shape.
struct Schema {
    name: String,
    description: String,
    properties: Vec<Property>,
}

/// One field of a shape, or one parameter.
struct Property {
    name: String,
    kind: String,
    /// The shape it links to.
    link: Option<String>,
    required: bool,
    description: String,
    example: Option<String>,
}

/// One kind of problem.
struct ErrorKind {
    code: &'static str,
    status: u16,
    title_zh: &'static str,
    title_en: &'static str,
    detail_zh: &'static str,
    detail_en: &'static str,
}

static PAGE: LazyLock<Option<String>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(openapi::text()).ok()?;
    page(&document).render().ok()
});

/// `GET /docs`.
pub(crate) async fn serve() -> Response {
    let Some(text) = PAGE.as_deref() else { return Problem::new(Kind::Internal).into_response() };
    let mut response = (StatusCode::OK, text).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

fn page(document: &Value) -> DocsPage {
    let description = text(document, "/info/description");
    DocsPage {
        assets: assets::folder(),
        title: text(document, "/info/title"),
        paragraphs: description.split("\n\n").map(str::to_owned).collect(),
        groups: groups(document),
        schemas: schemas(document),
        kinds: Kind::ALL.iter().map(|kind| error_kind(*kind)).collect(),
    }
}

fn error_kind(kind: Kind) -> ErrorKind {
    let row = kind.row();
    ErrorKind {
        code: row.code,
        status: row.status.as_u16(),
        title_zh: row.title.0,
        title_en: row.title.1,
        detail_zh: row.detail.0,
        detail_en: row.detail.1,
    }
}

fn groups(document: &Value) -> Vec<Group> {
    let operations = operations(document);
    let tags = document.pointer("/tags").and_then(Value::as_array);
    let one = |tag: &Value| {
        let name = text(tag, "/name");
        let own = operations.iter().filter(|(_, _, given)| text(given, "/tags/0") == name);
        Group {
            description: text(tag, "/description"),
            operations: own.map(|(path, method, given)| operation(path, method, given)).collect(),
            name,
        }
    };
    tags.map(|tags| tags.iter().map(one).collect()).unwrap_or_default()
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
    let paths = entries(document.pointer("/paths"));
    paths
        .flat_map(|(path, methods)| {
            entries(Some(methods)).map(move |(method, given)| (path, method, given))
        })
        .collect()
}

fn operation(path: &str, method: &str, given: &Value) -> Operation {
    let parameters = given.pointer("/parameters").and_then(Value::as_array);
    let request = given.pointer("/requestBody/content");
    Operation {
        anchor: text(given, "/operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(given, "/summary"),
        description: text(given, "/description"),
        needs_key: given.get("security").is_some(),
        parameters: parameters.map(|all| all.iter().map(parameter).collect()).unwrap_or_default(),
        request: entries(request).next().and_then(|(_, content)| reference(content.get("schema"))),
        answers: entries(given.get("responses"))
            .map(|(status, answer)| Answer {
                status: status.clone(),
                description: text(answer, "/description"),
                schema: entries(answer.get("content"))
                    .next()
                    .and_then(|(_, content)| reference(content.get("schema"))),
            })
            .collect(),
    }
}

fn parameter(given: &Value) -> Property {
    let (kind, link) = kind(given.get("schema"));
    Property {
        name: format!("{} ({})", text(given, "/name"), text(given, "/in")),
        kind,
        link,
        required: given.get("required").and_then(Value::as_bool).unwrap_or(false),
        description: text(given, "/description"),
        example: given.get("example").map(shown),
    }
}

fn schemas(document: &Value) -> Vec<Schema> {
    entries(document.pointer("/components/schemas"))
        .map(|(name, schema)| Schema {
            name: name.clone(),
            description: text(schema, "/description"),
            properties: properties(schema),
        })
        .collect()
}

fn properties(schema: &Value) -> Vec<Property> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    entries(schema.get("properties"))
        .map(|(name, given)| {
            let (kind, link) = kind(Some(given));
            Property {
                required: required.contains(&name.as_str()),
                name: name.clone(),
                kind,
                link,
                description: text(given, "/description"),
                example: given.get("example").map(shown),
            }
        })
        .collect()
}

/// A type in words, and the shape it links to.
fn kind(schema: Option<&Value>) -> (String, Option<String>) {
    let Some(schema) = schema else { return (String::new(), None) };
    if let Some(name) = reference(Some(schema)) {
        return (name.clone(), Some(name));
    }
    if let Some(items) = schema.get("items") {
        let (inner, link) = kind(Some(items));
        return (format!("list of {inner}"), link);
    }
    for several in ["oneOf", "anyOf"] {
        let choices = schema.get(several).and_then(Value::as_array);
        if let Some(link) = choices.and_then(|all| all.iter().find_map(|one| reference(Some(one))))
        {
            return (format!("{link} or null"), Some(link));
        }
    }
    let words = match schema.get("type") {
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        Some(name) => name.as_str().unwrap_or_default().to_owned(),
        None => "object".to_owned(),
    };
    (words, None)
}

fn reference(schema: Option<&Value>) -> Option<String> {
    let target = schema?.get("$ref")?.as_str()?;
    target.rsplit('/').next().map(str::to_owned)
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
