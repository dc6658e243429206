//! A borrower's request: the session behind its cookie, the language, what may be kept between two
//! pages, and the token that proves a form came from our own page.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mingka_crypto::keyring::Place;
use mingka_domain::finding::Field;
use mingka_domain::holder::{HolderName, IdNumber, ReservedPhone};
use mingka_domain::id::BindingId;
use mingka_domain::text::Lang;
use mingka_domain::time::SECOND_MS;
use mingka_engine::{Idempotency, Prefill, SessionView};
use zeroize::Zeroizing;

use super::cookies;
use super::words::Words;
use crate::app::App;
use crate::lang;
use crate::problem::{Kind, Problem};

/// A borrower with a session.
pub(crate) struct Visit {
    pub(crate) lang: Lang,
    pub(crate) w: &'static Words,
    pub(crate) session: SessionView,
    /// What was typed before and may be used again.
    pub(crate) kept: Kept,
    /// What the platform knew already.
    prefill: Prefill,
    /// The binding the borrower turned away from.
    pub(crate) left: Option<BindingId>,
    token: String,
}

/// What may be kept between two pages: never the card number, never a code.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) name: Zeroizing<String>,
    pub(crate) id_number: Zeroizing<String>,
    pub(crate) phone: Zeroizing<String>,
    /// The hashes of the consent texts that were ticked: the same wording stays ticked.
    pub(crate) ticks: String,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let gone = || Problem::new(Kind::PageGone);
        let headers = &parts.headers;
        let token = cookies::read(headers, cookies::TOKEN).ok_or_else(gone)?.to_owned();
        let (session, prefill) = app.engine.visit(&token).await.map_err(super::or_gone)?;
        let lang = super::lang_of(headers).unwrap_or(session.lang);
        let kept = cookies::read(headers, cookies::KEPT);
        let kept = kept.and_then(|kept| Kept::open(app, &session, kept)).unwrap_or_default();
        let left = cookies::read(headers, cookies::LEFT).and_then(|id| id.parse().ok());
        Ok(Self { lang, w: Words::of(lang), session, kept, prefill, left, token })
    }
}

impl Visit {
    /// What a field holds if the borrower leaves it empty: what was typed before, or else what the
    /// platform knew.
    pub(crate) fn known(&self, field: Field) -> &str {
        let kept = match field {
            Field::Name => &self.kept.name,
            Field::IdNumber => &self.kept.id_number,
            Field::Phone => &self.kept.phone,
            _ => return "",
        };
        if kept.is_empty() { self.prefilled(field) } else { kept }
    }

    /// What the platform knew.
    pub(crate) fn prefilled(&self, field: Field) -> &str {
        let prefill = &self.prefill;
        let known = match field {
            Field::Name => prefill.name.as_ref().map(HolderName::expose),
            Field::IdNumber => prefill.id_number.as_ref().map(IdNumber::expose),
            Field::Phone => prefill.phone.as_ref().map(ReservedPhone::expose),
            _ => None,
        };
        known.unwrap_or_default()
    }

    /// A token for the forms of one page: random, and bound to this session's cookie.
    pub(crate) fn csrf(&self, app: &App) -> String {
        let nonce = mingka_crypto::digest::hex(&app.random::<8>());
        let proof = self.csrf_proof(app, &nonce);
        format!("{nonce}{proof}")
    }

    /// Refuses a form that did not come from a page of this session.
    pub(crate) fn require_csrf(
        &self,
        app: &App,
        given: &str,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        let foreign = site.is_some_and(|site| site != "same-origin" && site != "none");
        let proven = given.split_at_checked(16).is_some_and(|(nonce, proof)| {
            let expected = self.csrf_proof(app, nonce);
            mingka_crypto::constant_time_eq(expected.as_bytes(), proof.as_bytes())
        });
        if proven && !foreign { Ok(()) } else { Err(Problem::new(Kind::PageStale)) }
    }

    fn csrf_proof(&self, app: &App, nonce: &str) -> String {
        let subject = Zeroizing::new(format!("{} {nonce}", self.token));
        let proof = app.settings.keyring.blind_index("page.csrf", subject.as_bytes());
        mingka_crypto::digest::hex(&proof)
    }

    /// One key for one action of one opened page.
    pub(crate) fn once(app: &App) -> String {
        mingka_crypto::digest::hex(&app.random::<16>())
    }

    /// The idempotency of an action: its page's key, and what it says.
    pub(crate) fn idempotency(
        &self,
        app: &App,
        action: &str,
        once: &str,
        values: &[&str],
    ) -> Result<Idempotency, Problem> {
        let ours = once.len() == 32 && once.bytes().all(|b| b.is_ascii_hexdigit());
        if !ours {
            return Err(Problem::new(Kind::PageStale));
        }
        let mut said = Zeroizing::new(format!("{} {action}", self.session.id));
        for value in values {
            said.push_str(&format!("\n{}:", value.len()));
            said.push_str(value);
        }
        Ok(Idempotency {
            key: format!("{}.{action}.{once}", self.session.id),
            fingerprint: app.settings.keyring.blind_index("request.fingerprint", said.as_bytes()),
        })
    }

    /// A mark that says: this warning about this value was read.
    pub(crate) fn mark(&self, app: &App, field: &str, cause: &str, value: &str) -> String {
        let said = Zeroizing::new(format!("{} {field} {cause} {value}", self.session.id));
        let index = app.settings.keyring.blind_index("page.seen", said.as_bytes());
        mingka_crypto::digest::hex(&index).chars().take(16).collect()
    }

    /// Takes one of the page's submissions, or says how long to wait.
    pub(crate) fn take_turn(&self, app: &App) -> Result<(), Problem> {
        app.by_page
            .take(&self.session.id, app.now())
            .map_err(|wait_s| Problem::new(Kind::TooMany).retry_after(wait_s))
    }

    /// The same visit in another language.
    pub(crate) fn speaking(self, lang: Lang) -> Self {
        Self { lang, w: Words::of(lang), ..self }
    }

    /// To the one address all pages have, after a POST.
    pub(crate) fn back(&self, app: &App, cookies: &[(&str, &str)]) -> Response {
        let max_age_s = self.session.expires_at.since_ms(app.now()) / SECOND_MS;
        redirect(app, "/b/", cookies, max_age_s)
    }
}

/// A redirect that is followed by GET.
pub(crate) fn redirect(app: &App, to: &str, cookies: &[(&str, &str)], max_age_s: i64) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let to = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/b/"));
    headers.insert(header::LOCATION, to);
    let secure = app.settings.public_url.starts_with("https://");
    for (name, value) in cookies {
        let line = cookies::set(name, value, max_age_s.max(0), secure);
        headers.append(header::SET_COOKIE, line);
    }
    response
}

/// Keeps the visit's language for the next pages.
pub(crate) fn remember_lang(app: &App, visit: &Visit, response: &mut Response) {
    let secure = app.settings.public_url.starts_with("https://");
    let tag = lang::tag(visit.lang);
    let line = cookies::set(cookies::LANG, tag, super::LANG_KEPT_S, secure);
    response.headers_mut().append(header::SET_COOKIE, line);
}

impl Kept {
    /// Seals it for the cookie, bound to the session.
    pub(crate) fn seal(&self, app: &App, session: &SessionView) -> String {
        let texts = [&*self.name, &*self.id_number, &*self.phone, &*self.ticks];
        let clear = Zeroizing::new(serde_json::to_vec(&texts).unwrap_or_default());
        let record = session.id.to_string();
        let place = Place { purpose: "page.kept", record: &record };
        let sealed = app.settings.keyring.seal(place, &clear, &*app.settings.entropy);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    fn open(app: &App, session: &SessionView, cookie: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let record = session.id.to_string();
        let place = Place { purpose: "page.kept", record: &record };
        let clear = app.settings.keyring.open(place, &sealed).ok()?;
        let [name, id_number, phone, ticks]: [String; 4] = serde_json::from_slice(&clear).ok()?;
        Some(Self { name: name.into(), id_number: id_number.into(), phone: phone.into(), ticks })
    }

    /// Whether the text with this hash was ticked.
    pub(crate) fn ticked(&self, sha256: &str) -> bool {
        self.ticks.split(' ').any(|one| one == sha256)
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(••••)")
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("session", &self.session.id).finish_non_exhaustive()
    }
}

/// The language a borrower chose, by the cookie.
pub(crate) fn chosen_lang(headers: &HeaderMap) -> Option<Lang> {
    cookies::read(headers, cookies::LANG).and_then(lang::parse)
}
