//! Style, scripts and the mark, embedded in the binary and served under a folder named by their
//! common content hash, so that a browser may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::problem::{Kind, Problem};

/// One embedded file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset { name: $name, content_type: $kind, text: include_str!(concat!("../assets/", $name)) }
    };
}

static ASSETS: [Asset; 10] = [
    asset!("page.css", STYLE),
    asset!("docs.css", STYLE),
    asset!("mark.svg", "image/svg+xml"),
    asset!("page.js", SCRIPT),
    asset!("digits.js", SCRIPT),
    asset!("card-number.js", SCRIPT),
    asset!("bank.js", SCRIPT),
    asset!("checks.js", SCRIPT),
    asset!("submit.js", SCRIPT),
    asset!("live.js", SCRIPT),
];

/// `/assets/` and the hash of all of them: one changed byte, another folder.
static FOLDER: LazyLock<String> = LazyLock::new(|| {
    let mut all = String::new();
    for asset in &ASSETS {
        all.push_str(asset.name);
        all.push('\n');
        all.push_str(asset.text);
    }
    let hash: String = mingka_crypto::digest::sha256_hex(all.as_bytes()).chars().take(16).collect();
    format!("/assets/{hash}")
});

/// The folder the pages name in their links.
pub(crate) fn folder() -> &'static str {
    &FOLDER
}

/// `GET /assets/{hash}/{name}`. An old folder's name still finds the file, but is not kept.
pub(crate) async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Problem::new(Kind::NotFound).into_response();
    };
    let current = folder().strip_prefix("/assets/") == Some(hash.as_str());
    let keep = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = (StatusCode::OK, asset.text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}
