//! The sandbox's start page: one button that plays the platform's part and opens a borrower page,
//! and links to everything else. Only the sandbox serves it.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use mingka_domain::id::PlatformId;
use mingka_domain::text::Lang;
use mingka_engine::{Engine, NewSession};
use mingka_sandbox::cards::{self, Group, MagicCard};
use serde_json::Value;

use crate::commands::sandbox_links;

/// What the start page needs.
#[derive(Clone)]
struct Start {
    engine: Engine,
    platform: PlatformId,
    public_url: String,
    links: Vec<(String, String)>,
}

/// `GET /` and `GET /start`.
pub(crate) fn router(
    engine: Engine,
    platform: PlatformId,
    public_url: String,
    banks: &Value,
) -> Router {
    let mut links = vec![("/docs".to_owned(), "接口文档 · the API".to_owned())];
    links.extend(sandbox_links(banks));
    let start = Start { engine, platform, public_url, links };
    Router::new()
        .route("/", get(page))
        .route("/start", get(open))
        .route("/welcome.css", get(style))
        .with_state(start)
}

/// What a platform's server does when its borrower wants to bind a card: open a session, and send
/// the borrower to its page.
async fn open(State(start): State<Start>) -> Response {
    let session = NewSession::blank(Lang::Zh);
    match start.engine.open_own_session(start.platform, session).await {
        Ok(opened) => {
            Redirect::to(&format!("{}/b/{}", start.public_url, opened.token)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn page(State(start): State<Start>) -> Response {
    let links: String = start
        .links
        .iter()
        .map(|(url, label)| format!("<li><a href=\"{url}\">{label}</a></li>"))
        .collect();
    let groups: String = cards::by_group().iter().enumerate().map(group).collect();
    let html = TEMPLATE.replace("{links}", &links).replace("{groups}", &groups);
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

/// The cards with which the same happens, behind their title; the first group stands open.
fn group((place, (group, cards)): (usize, &(Group, Vec<MagicCard>))) -> String {
    let rows: String = cards
        .iter()
        .map(|card| {
            format!(
                "<tr><td data-is=\"卡号\"><code>{}</code></td><td data-is=\"姓名\">{}</td>\
                 <td data-is=\"证件号\"><code>{}</code></td>\
                 <td data-is=\"预留手机号\"><code>{}</code></td>\
                 <td>{}<br><span>{}</span></td></tr>",
                card.number,
                card.name,
                card.id_number,
                card.phone,
                card.will_do.zh,
                card.will_do.en
            )
        })
        .collect();
    let ((zh, en), count) = (group.title(), cards.len());
    let open = if place == 0 { " open" } else { "" };
    format!(
        "<details{open}><summary>{zh} · {en} <span>{count}</span></summary><table><thead><tr>\
         <th>卡号 card</th><th>姓名 name</th><th>证件号 ID</th><th>预留手机号 phone</th>\
         <th>会怎样 what it does</th></tr></thead><tbody>{rows}</tbody></table></details>"
    )
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("welcome.css"))
        .into_response()
}

const TEMPLATE: &str = include_str!("welcome.html");
