//! A borrower with a browser that runs no JavaScript: cookies, forms, redirects.

use std::collections::BTreeMap;

use http::Method;
use mingka_sandbox::cards::MagicCard;
use serde_json::json;

use super::{House, Told};

/// A browser on the borrower's page.
pub(crate) struct Borrower<'a> {
    house: &'a House,
    cookies: BTreeMap<String, String>,
    pub(crate) page: Told,
    lang: &'static str,
}

impl<'a> Borrower<'a> {
    /// Opens a new session's page.
    pub(crate) async fn arrives(house: &'a House) -> Self {
        let told = house.post(
            "/v1/binding-sessions",
            &json!({"borrower_ref": "loan-1",
            "return_url": "https://app.example/cards"}),
        );
        let url = told.send().await.is(201).json()["url"].as_str().unwrap().to_owned();
        Self::at(house, &url).await
    }

    /// Opens an address the platform gave.
    pub(crate) async fn at(house: &'a House, url: &str) -> Self {
        let path = url.strip_prefix("http://127.0.0.1:1").unwrap();
        let page = house.ask(Method::GET, path).send().await;
        let mut borrower = Self { house, cookies: BTreeMap::new(), page, lang: "zh-CN" };
        borrower.follow().await;
        borrower
    }

    /// The page as it is now.
    pub(crate) async fn reload(&mut self) -> &mut Self {
        self.get("/b/").await
    }

    /// Follows a link.
    pub(crate) async fn get(&mut self, path: &str) -> &mut Self {
        self.page = self.ask(Method::GET, path).send().await;
        self.follow().await;
        self
    }

    /// Sends the form that goes to `action`, with what is in it and these fields.
    pub(crate) async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> &mut Self {
        let mut all = self.hidden(action);
        for (name, value) in fields {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let all: Vec<(&str, &str)> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.page = self.ask(Method::POST, action).form(&all).send().await;
        self.follow().await;
        self
    }

    /// Fills the first form with this card and every consent, and sends it.
    pub(crate) async fn binds(&mut self, card: &MagicCard) -> &mut Self {
        self.submits(&[
            ("card_number", card.number.as_str()),
            ("name", card.name.as_str()),
            ("id_number", card.id_number.as_str()),
            ("phone", card.phone.as_str()),
        ])
        .await
    }

    /// Sends the first form with these fields and every consent.
    pub(crate) async fn submits(&mut self, typed: &[(&str, &str)]) -> &mut Self {
        let consents = ["consent_sharing", "consent_mandate"].map(|n| (n, self.value_of(n)));
        let mut fields = typed.to_vec();
        fields.extend(consents.iter().map(|(name, value)| (*name, value.as_str())));
        self.submit("/b/bind", &fields).await
    }

    /// A request as this browser sends it.
    pub(crate) fn ask(&self, method: Method, path: &str) -> super::Ask<'a> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.house
            .ask(method, path)
            .header("cookie", &cookies.join("; "))
            .header("accept-language", self.lang)
    }

    /// The value of a field in the page.
    #[track_caller]
    pub(crate) fn value_of(&self, name: &str) -> String {
        let at = format!("name=\"{name}\"");
        let tag = self.page.text.split('<').find(|tag| tag.contains(&at));
        let tag = tag.unwrap_or_else(|| panic!("no field {name} in {}", self.page.text));
        tag.split("value=\"").nth(1).unwrap_or("\"").split('"').next().unwrap().to_owned()
    }

    /// Every hidden field of the form that goes to `action`.
    #[track_caller]
    fn hidden(&self, action: &str) -> BTreeMap<String, String> {
        let at = format!("action=\"{action}\"");
        let (_, form) = self
            .page
            .text
            .split_once(&at)
            .unwrap_or_else(|| panic!("no form to {action} in {}", self.page.text));
        let form = form.split("</form>").next().unwrap();
        let tags = form.split('<').filter(|tag| tag.contains("type=\"hidden\""));
        let part = |tag: &str, name: &str| {
            tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        tags.map(|tag| (part(tag, "name"), part(tag, "value"))).collect()
    }

    async fn follow(&mut self) {
        for _ in 0..5 {
            self.keep_cookies();
            if self.page.status != 303 {
                return;
            }
            let to = self.page.location().to_owned();
            self.page = self.ask(Method::GET, &to).send().await;
        }
        panic!("redirects without end");
    }

    fn keep_cookies(&mut self) {
        for line in self.page.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            for must in ["HttpOnly", "SameSite=Lax", "Path=/b"] {
                assert!(line.contains(must), "{line}");
            }
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Asserts that the page says this.
    #[track_caller]
    pub(crate) fn sees(&self, words: &str) -> &Self {
        assert!(self.page.text.contains(words), "no {words:?} in {}", self.page.text);
        self
    }

    /// Asserts that the page does not say this.
    #[track_caller]
    pub(crate) fn misses(&self, words: &str) -> &Self {
        assert!(!self.page.text.contains(words), "{words:?} in {}", self.page.text);
        self
    }
}
