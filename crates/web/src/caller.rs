//! Who calls: the API key, its scopes, its rate. And the small things read from an address: ids and
//! cursors.

use axum::extract::{FromRequestParts, Path, Query};
use http::header;
use http::request::Parts;
use mingka_domain::id::{ApiKeyId, Id, Kind as IdKind, PlatformId};
use mingka_domain::time::Timestamp;
use mingka_engine::{CURSOR_LIMIT_MAX, Cursor, Engine, Person, Scope};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::requests;
use crate::problem::{Kind, Problem};

/// The longest key that is looked at, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// How many entries a list shows when nobody says otherwise.
const LIMIT_DEFAULT: u32 = 20;

/// A platform's server, by its API key.
#[derive(Debug)]
pub(crate) struct Caller(mingka_engine::Caller);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = app.engine.authenticate(bearer(parts)?).await?;
        app.by_key
            .take(&caller.key, app.now())
            .map_err(|wait_s| Problem::new(Kind::TooMany).retry_after(wait_s))?;
        Ok(Self(caller))
    }
}

impl Caller {
    /// Which key it is.
    pub(crate) fn key(&self) -> ApiKeyId {
        self.0.key
    }

    /// The platform, if the key may do this.
    pub(crate) fn may(&self, scope: Scope) -> Result<PlatformId, Problem> {
        if self.0.scopes.contains(&scope) {
            return Ok(self.0.platform);
        }
        let name = crate::dto::word(&scope);
        Err(Problem::new(Kind::Forbidden)
            .detail(format!("密钥缺少权限 {name}。"), format!("The key lacks the scope {name}.")))
    }
}

/// A person of the house, by their personal key.
#[derive(Debug)]
pub(crate) struct PersonCaller(pub(crate) Person);

impl FromRequestParts<App> for PersonCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(app.engine.person(bearer(parts)?).await?))
    }
}

/// A person of the house, or a platform's server.
#[derive(Debug)]
pub(crate) enum Whoever {
    Person(Person),
    Platform(Caller),
}

impl FromRequestParts<App> for Whoever {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if Engine::is_person_key(bearer(parts)?) {
            let PersonCaller(person) = PersonCaller::from_request_parts(parts, app).await?;
            return Ok(Self::Person(person));
        }
        Caller::from_request_parts(parts, app).await.map(Self::Platform)
    }
}

/// The key in the header `Authorization`.
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let unknown = || Problem::new(Kind::Unauthorized);
    let header = parts.headers.get(header::AUTHORIZATION);
    let given = header.and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
    let (scheme, key) = given.split_once(' ').ok_or_else(unknown)?;
    let key = key.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(unknown());
    }
    Ok(key)
}

/// An id from the path. Another form, or another kind, is simply not found.
pub(crate) struct IdPath<K>(pub(crate) Id<K>);

impl<K: IdKind, S: Send + Sync> FromRequestParts<S> for IdPath<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let missing = || Problem::new(Kind::NotFound);
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| missing())?;
        text.parse().map(Self).map_err(|_| missing())
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// How many, 1 to 100; 20 when left out.
    pub(crate) limit: Option<u32>,
    /// Show what is older than this id.
    pub(crate) starting_after: Option<String>,
    /// Show what is newer than this id.
    pub(crate) ending_before: Option<String>,
}

/// Which part of a list of what borrowers have.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BorrowerQuery {
    /// Only this borrower's, by the platform's own name.
    borrower_ref: Option<String>,
    /// Only what was made at this moment or later, such as `2026-11-27T00:00:00+08:00`.
    created_from: Option<String>,
    /// Only what was made before this moment.
    created_until: Option<String>,
    /// How many, 1 to 100; 20 when left out.
    limit: Option<u32>,
    /// Show what is older than this id.
    starting_after: Option<String>,
    /// Show what is newer than this id.
    ending_before: Option<String>,
}

/// A page of a list of things of kind `K`.
pub(crate) struct Cursors<K>(pub(crate) Cursor<K>);

/// A page of a list of things of kind `K`, and whose.
pub(crate) struct BorrowerCursor<K> {
    pub(crate) borrower_ref: Option<String>,
    pub(crate) cursor: Cursor<K>,
}

impl<K: IdKind, S: Send + Sync> FromRequestParts<S> for Cursors<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) =
            Query::<ListQuery>::from_request_parts(parts, state).await.map_err(|_| {
                wrong_query(
                    "列表的查询参数只有 limit（1 至 100 的整数）、starting_after 和 ending_before。",
                    "A list takes limit (a whole number, 1 to 100), starting_after and \
                     ending_before.",
                )
            })?;
        query.cursor().map(Self)
    }
}

impl<K: IdKind, S: Send + Sync> FromRequestParts<S> for BorrowerCursor<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) =
            Query::<BorrowerQuery>::from_request_parts(parts, state).await.map_err(|_| {
                wrong_query(
                    "查询参数只有 borrower_ref、created_from、created_until、limit（1 至 100 的整数）、\
                     starting_after 和 ending_before。",
                    "It takes borrower_ref, created_from, created_until, limit (a whole number, 1 \
                     to 100), starting_after and ending_before.",
                )
            })?;
        let BorrowerQuery { borrower_ref, limit, starting_after, ending_before, .. } = &query;
        let borrower_ref = requests::reference(borrower_ref.as_deref())?;
        let page = ListQuery {
            limit: *limit,
            starting_after: starting_after.clone(),
            ending_before: ending_before.clone(),
        };
        let cursor = Cursor {
            created_from: moment("created_from", query.created_from.as_deref())?,
            created_until: moment("created_until", query.created_until.as_deref())?,
            ..page.cursor()?
        };
        Ok(Self { borrower_ref, cursor })
    }
}

/// A moment from the address.
fn moment(name: &str, given: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = given else { return Ok(None) };
    Timestamp::from_rfc3339(text).map(Some).ok_or_else(|| {
        wrong_query(
            &format!("{name} 应为 RFC 3339 时间，如 2026-11-27T00:00:00%2B08:00（加号写作 %2B）。"),
            &format!(
                "{name} is a moment of RFC 3339, such as 2026-11-27T00:00:00%2B08:00 (the plus \
                 written as %2B)."
            ),
        )
    })
}

/// What is wrong with a list's query.
pub(crate) fn wrong_query(zh: &str, en: &str) -> Problem {
    Problem::new(Kind::WrongQuery).detail(zh, en)
}

impl ListQuery {
    pub(crate) fn cursor<K: IdKind>(self) -> Result<Cursor<K>, Problem> {
        let query = self;
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > CURSOR_LIMIT_MAX {
            return Err(wrong_query("limit 应为 1 至 100。", "limit is 1 to 100."));
        }
        let id = |text: Option<String>| {
            text.map(|text| text.parse()).transpose().map_err(|_| {
                wrong_query("游标应为上一页里的编号。", "A cursor is an id of the page before.")
            })
        };
        let (starting_after, ending_before) = (id(query.starting_after)?, id(query.ending_before)?);
        if starting_after.is_some() && ending_before.is_some() {
            return Err(wrong_query(
                "starting_after 和 ending_before 只能给一个。",
                "Give starting_after or ending_before, not both.",
            ));
        }
        Ok(Cursor { starting_after, ending_before, ..Cursor::first(limit) })
    }
}

impl<K> std::fmt::Debug for Cursors<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a cursor")
    }
}
