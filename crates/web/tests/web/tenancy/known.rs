//! What the suite knows of the interface: each operation with how it is called, and each name it
//! takes with whether that may name a thing of another platform. What is not here is a failure.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

/// How an operation is called with what another platform has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Its path names things; it takes this body.
    Names(&'static str),
    /// It shows what the caller has.
    Shows,
    /// It makes something of a body: see `FOREIGN_POINTERS` and `Side::body_of`.
    Takes,
    /// There is nothing of another platform that it could be called with, for this reason.
    Exempt(&'static str),
}

use self::How::{Exempt, Names, Shows, Takes};

/// Why a platform's key does not open what persons of the house may do: the test of that says so.
pub(super) const PERSONS: &str = "it takes a person's key, and no platform's opens it";

/// Every operation of the description.
pub(super) const KNOWN: &[(&str, How)] = &[
    ("GET /health/live", Shows),
    ("GET /health/ready", Shows),
    ("POST /notify/{channel}", Exempt("banks call it, and it names a channel of the house")),
    ("POST /v1/binding-sessions", Takes),
    ("GET /v1/bindings", Shows),
    ("POST /v1/bindings", Takes),
    ("GET /v1/bindings/{id}", Names("")),
    ("POST /v1/bindings/{id}/cancel", Names("{}")),
    ("POST /v1/bindings/{id}/confirm", Names(r#"{"code":"111111"}"#)),
    ("GET /v1/bindings/{id}/events", Names("")),
    ("GET /v1/bindings/{id}/evidence", Names("")),
    ("POST /v1/bindings/{id}/resend", Names("{}")),
    ("POST /v1/agreements", Exempt("a file names no id of ours: the test of agreements has it")),
    ("POST /v1/company-accounts", Exempt("it makes something new of what only its body says")),
    ("GET /v1/approvals", Exempt(PERSONS)),
    ("POST /v1/approvals", Exempt(PERSONS)),
    ("GET /v1/approvals/{id}", Exempt(PERSONS)),
    ("POST /v1/approvals/{id}/approve", Exempt(PERSONS)),
    ("POST /v1/approvals/{id}/reject", Exempt(PERSONS)),
    ("POST /v1/approvals/{id}/withdraw", Exempt(PERSONS)),
    ("GET /v1/balances", Exempt(PERSONS)),
    ("POST /v1/balances", Exempt(PERSONS)),
    ("GET /v1/bins/{prefix}", Exempt("the banks' published numbers are the same for everybody")),
    ("GET /v1/causes", Shows),
    ("GET /v1/causes/{code}", Exempt("the dictionary is the same for everybody")),
    ("GET /v1/channels", Shows),
    ("GET /v1/consents", Shows),
    ("GET /v1/consents/{sha256}", Exempt("a text is found by the hash of all of its words")),
    ("POST /v1/diagnoses", Exempt("it looks nothing up and keeps nothing")),
    ("POST /v1/disbursements", Takes),
    ("GET /v1/events", Shows),
    ("GET /v1/instruments", Shows),
    ("GET /v1/instruments/{id}", Names("")),
    ("GET /v1/instruments/{id}/mandate", Names("")),
    ("POST /v1/instruments/{id}/mandate", Names(r#"{"payee":"a","collected_for":"b"}"#)),
    ("POST /v1/instruments/{id}/mandate/end", Names("{}")),
    ("POST /v1/instruments/{id}/unbind", Names("{}")),
    ("GET /v1/lenders", Shows),
    ("GET /v1/limits", Exempt(PERSONS)),
    ("GET /v1/payments", Shows),
    ("GET /v1/payments/{id}", Names("")),
    ("POST /v1/payments/{id}/cancel", Names("{}")),
    ("GET /v1/payments/{id}/events", Names("")),
    ("GET /v1/payments/{id}/evidence", Names("")),
    ("POST /v1/payments/{id}/confirm", Names(r#"{"code":"111111"}"#)),
    ("POST /v1/payments/{id}/refunds", Names("{}")),
    ("POST /v1/payments/{id}/reversal", Names("{}")),
    ("POST /v1/payments/{id}/status-link", Names("{}")),
    ("POST /v1/prechecks", Exempt("it looks nothing up and keeps nothing")),
    ("POST /v1/repayments", Takes),
    ("GET /v1/reviews", Exempt(PERSONS)),
    ("POST /v1/statements", Exempt("a file names no id of ours: the test of statements has it")),
    ("GET /v1/statements/{day}", Exempt("a day is no id of ours: the test of statements has it")),
    ("GET /v1/stops", Shows),
    ("POST /v1/stops", Takes),
    ("GET /v1/verifications", Shows),
    ("POST /v1/verifications", Takes),
    ("GET /v1/verifications/{id}", Names("")),
    ("GET /v1/webhook-endpoints", Shows),
    ("POST /v1/webhook-endpoints", Takes),
    ("GET /v1/webhook-endpoints/{id}", Names("")),
    ("PATCH /v1/webhook-endpoints/{id}", Names(r#"{"description":"changed"}"#)),
    ("GET /v1/webhook-endpoints/{id}/deliveries", Names("")),
    ("POST /v1/webhook-endpoints/{id}/deliveries/{delivery}/resend", Names("{}")),
    ("POST /v1/webhook-endpoints/{id}/rotate-secret", Names("{}")),
    ("POST /v1/webhook-endpoints/{id}/trial", Names("{}")),
];

/// Where in which body a thing of another platform is put.
const FOREIGN_POINTERS: &[(&str, &str)] = &[
    ("POST /v1/bindings", "/consents/0/sha256"),
    ("POST /v1/disbursements", "/instrument"),
    ("POST /v1/disbursements", "/lender"),
    ("POST /v1/repayments", "/instrument"),
    ("POST /v1/repayments", "/lender"),
    ("POST /v1/stops", "/switch"),
    ("POST /v1/verifications", "/consents/0/sha256"),
];

/// The words of a path behind which an id stands, and how such an id begins.
const KINDS: &[(&str, &str)] = &[
    ("bindings", "bind"),
    ("deliveries", "dlv"),
    ("instruments", "inst"),
    ("payments", "pay"),
    ("verifications", "ver"),
    ("webhook-endpoints", "whk"),
];

/// What a query may ask for that another platform has.
const FOREIGN_QUERIES: &[&str] = &["borrower_ref", "ending_before", "reference", "starting_after"];
/// What a query may say besides. `after` is a place in the one order of all events, which tells
/// each platform only of its own.
const PLAIN_QUERIES: &[&str] =
    &["after", "check_only", "created_from", "created_until", "limit", "wait"];

/// What a body may name that another platform has.
const FOREIGN_FIELDS: &[&str] = &["instrument", "lender", "sha256", "switch"];
/// What a body may say besides. The references are the platform's own words: both platforms of
/// this suite use the same one for a loan.
const PLAIN_FIELDS: &[&str] = &[
    "account_number",
    "amount_fen",
    "app_version",
    "borrower_ref",
    "card_number",
    "clearing_code",
    "clock_skew_ms",
    "code",
    "collected_for",
    "cycle",
    "company_name",
    "consents",
    "credit_code",
    "customer_present",
    "description",
    "device_account_count",
    "disabled",
    "due_ref",
    "environment",
    "event_types",
    "id_number",
    "kind",
    "lang",
    "loan_ref",
    "name",
    "network",
    "os",
    "os_version",
    "payee",
    "payment_fen",
    "phone",
    "purpose",
    "return_url",
    "stopped",
    "url",
    "valid_until",
    "version",
    "why",
];

/// Keys are looked up for the caller's platform alone: the suite repeats another's under its own.
const PLAIN_HEADERS: &[&str] = &["Idempotency-Key", "Last-Event-ID"];

/// An operation as the description has it.
#[derive(Debug)]
pub(super) struct Operation {
    /// As in `KNOWN`.
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) queries: BTreeSet<String>,
    headers: BTreeSet<String>,
    fields: BTreeSet<String>,
}

/// Every operation of the description that is served.
pub(super) fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(mingka_web::openapi_json()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            found.push(Operation::read(&document, path, method, described));
        }
    }
    found
}

/// How the ids behind this word of a path begin.
pub(super) fn kind_behind(word: &str) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, described: &Value) -> Self {
        let method = method.to_uppercase();
        let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
        let within = |place: &str| -> BTreeSet<String> {
            let of_place = parameters.iter().filter(|one| one["in"] == place);
            of_place.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        let mut fields = BTreeSet::new();
        let bodies = described["requestBody"]["content"].as_object();
        for body in bodies.into_iter().flat_map(|bodies| bodies.values()) {
            collect_fields(document, &body["schema"], &mut fields);
        }
        Self {
            name: format!("{method} {path}"),
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: path.to_owned(),
            queries: within("query"),
            headers: within("header"),
            fields,
        }
    }

    /// How it is called.
    #[track_caller]
    pub(super) fn how(&self) -> How {
        let known = KNOWN.iter().find(|(name, _)| *name == self.name);
        known.unwrap_or_else(|| panic!("{} is not in KNOWN", self.name)).1
    }

    /// The pointers into its body behind which a thing of another platform is put.
    pub(super) fn pointers(&self) -> impl Iterator<Item = &'static str> + '_ {
        let own = FOREIGN_POINTERS.iter().filter(move |(name, _)| *name == self.name);
        own.map(|(_, pointer)| *pointer)
    }

    /// The queries that another platform's things are put into.
    pub(super) fn foreign_queries(&self) -> impl Iterator<Item = &str> {
        self.queries.iter().map(String::as_str).filter(|name| FOREIGN_QUERIES.contains(name))
    }

    /// Whether its answer stays the same as long as nothing happens on its platform. A channel's
    /// health is the house's, a stream does not end, and proofs grow with the log.
    pub(super) fn is_still(&self) -> bool {
        let moving = ["/events", "/evidence"].iter().any(|end| self.path.ends_with(end));
        match self.how() {
            Shows => self.path != "/v1/channels",
            Names(_) => self.method == Method::GET && !moving,
            Takes | Exempt(_) => false,
        }
    }

    /// What of it the suite would pass over.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        let mut note = |what: &str, names: &BTreeSet<String>, known: [&[&str]; 2]| {
            let new = names.iter().filter(|name| !known.concat().contains(&name.as_str()));
            gaps.extend(new.map(|name| format!("the {what} {name} is not known")));
        };
        let exempt = matches!(self.how(), Exempt(_));
        let fields = if exempt { &BTreeSet::new() } else { &self.fields };
        note("query", &self.queries, [FOREIGN_QUERIES, PLAIN_QUERIES]);
        note("header", &self.headers, [&[], PLAIN_HEADERS]);
        note("field", fields, [FOREIGN_FIELDS, PLAIN_FIELDS]);
        let tried: BTreeSet<&str> = self.pointers().map(last_word).collect();
        let fields = fields.iter().map(String::as_str);
        let taken: BTreeSet<&str> = fields.filter(|name| FOREIGN_FIELDS.contains(name)).collect();
        if tried != taken {
            gaps.push(format!("it takes {taken:?}, and {tried:?} are tried"));
        }
        let parts: Vec<&str> = self.path.split('/').collect();
        let places = parts.windows(2).filter(|pair| pair[1].starts_with('{'));
        let kinds: Vec<_> = places.map(|pair| kind_behind(pair[0])).collect();
        let fits = match self.how() {
            Names(_) => !kinds.is_empty() && kinds.iter().all(Option::is_some),
            Shows => kinds.is_empty() && self.method == Method::GET,
            Takes => kinds.is_empty() && self.queries.is_empty(),
            Exempt(_) => kinds.iter().all(Option::is_none),
        };
        if !fits {
            gaps.push(format!("it is not {:?}: its path names {kinds:?}", self.how()));
        }
        gaps
    }
}

/// The last word of a path or a pointer.
pub(super) fn last_word(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

/// The name of every field of a schema, and of those in it.
fn collect_fields(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(parts) => {
            if let Some(to) = parts.get("$ref").and_then(Value::as_str) {
                let named = &document["components"]["schemas"][last_word(to)];
                collect_fields(document, named, found);
            }
            if let Some(fields) = parts.get("properties").and_then(Value::as_object) {
                found.extend(fields.keys().cloned());
            }
            parts.values().for_each(|part| collect_fields(document, part, found));
        }
        Value::Array(parts) => {
            parts.iter().for_each(|part| collect_fields(document, part, found));
        }
        _ => {}
    }
}
