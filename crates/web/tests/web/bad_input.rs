//! Whatever is sent: an answer in our form, nothing of it repeated, nothing broken.

use http::Method;
use mingka_web::Rate;
use serde_json::{Value, json};

use crate::house::borrower::Borrower;
use crate::house::{House, card};

#[tokio::test]
async fn strange_addresses_and_methods() {
    let house = House::new().await;
    for path in [
        "/v1",
        "/v1/nothing",
        "/v2/bindings",
        "/v1/bindings/bind_1",
        "/v1/bindings/inst_00000000000000000000000000000000",
        "/v1/bindings/%00",
        "/v1/bindings/%E2%80%AE",
        "/%ff",
        "/assets/../Cargo.toml",
        "/assets/a/b/c",
    ] {
        house.api(Method::GET, path).send().await.problem(404, "resource.not_found");
    }
    let told = house.api(Method::DELETE, "/v1/bindings").send().await;
    assert!(told.header("allow").contains("POST"), "{}", told.header("allow"));
    told.problem(405, "request.method_not_allowed");
    house.ask(Method::PUT, "/health/live").send().await.problem(405, "request.method_not_allowed");
}

#[tokio::test]
async fn bodies_that_are_no_request() {
    let house = House::new().await;
    let post = || house.api(Method::POST, "/v1/prechecks");
    let plain = post().header("content-type", "text/plain").body("{}").send().await;
    plain.problem(415, "request.media_type");
    post().body("{}").send().await.problem(415, "request.media_type");
    let gbk = post().header("content-type", "application/json; charset=GBK").body("{}");
    gbk.send().await.problem(415, "request.media_type");
    let packed = post().header("content-encoding", "gzip").json(&json!({}));
    packed.send().await.problem(415, "request.media_type");
    let big = post().header("content-type", "application/json").body(vec![b' '; 64 * 1024 + 1]);
    big.send().await.problem(413, "request.too_large");
    let json = |body: &[u8]| post().header("content-type", "application/json").body(body).send();
    for bad in [
        &b""[..],
        b"{",
        b"{\"name\": }",
        b"\xef\xbb\xbf{}",
        b"{\"name\":\"\xd5\xc5\"}",
        b"{\"name\":\"\\ud800\"}",
        b"nul",
        b"{} {}",
    ] {
        json(bad).await.problem(400, "request.malformed");
    }
    for bad in [&b"[]"[..], b"7", b"null", b"{\"name\":7}", b"{\"name\":\"a\",\"name\":\"b\"}"] {
        json(bad).await.problem(422, "request.wrong_shape");
    }
    let told = json(b"{\"card_nunber\":\"6217001234567890123\"}").await;
    let body = told.problem(400, "request.unknown_field");
    assert!(body["detail"].as_str().unwrap().contains("card_number"), "{body}");
    assert!(!told.text.contains("6217"), "{body}");
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let told = json(deep.as_bytes()).await;
    assert!(told.status.is_client_error(), "{}", told.text);
}

/// What people paste and what attackers send.
const STRANGE: [&str; 12] = [
    "\u{0}",
    "a\u{0}b",
    "👨‍👩‍👧‍👦",
    "\u{202e}8100 0000",
    "<script>alert(1)</script>",
    "' OR 1=1; --",
    "张三\u{200b}\u{feff}",
    "１２３４５６",
    "\r\nSet-Cookie: x=1",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "-1e999",
];

#[tokio::test]
async fn strange_values_are_found_and_never_repeated() {
    let house = House::new().await;
    for strange in STRANGE.into_iter().map(str::to_owned).chain(["9".repeat(20_000)]) {
        for field in ["card_number", "name", "id_number", "phone"] {
            let mut entry = json!({});
            entry[field] = json!(strange);
            let told = house.api(Method::POST, "/v1/prechecks").json(&entry).send().await.is(200);
            let text = told.text.replace("\\u0000", "\0");
            let trimmed = strange.trim();
            let evident = trimmed.chars().count() > 3 && !trimmed.contains("１");
            assert!(!evident || !text.contains(trimmed), "{field} {strange:?}: {text}");
        }
    }
}

#[tokio::test]
async fn strange_forms_stay_pages() {
    let house = House::new().await;
    for strange in STRANGE {
        let mut borrower = Borrower::arrives(&house).await;
        let fields = [
            ("card_number", strange),
            ("name", strange),
            ("id_number", strange),
            ("phone", strange),
            ("consent_sharing", strange),
            ("lang", strange),
        ];
        borrower.submit("/b/bind", &fields).await;
        assert_eq!(borrower.page.status, 422, "{strange:?}");
        borrower.misses("<script>alert").sees("aria-invalid=\"true\"");
    }
    let borrower = Borrower::arrives(&house).await;
    for body in ["csrf=%ff", "csrf=1&csrf=2", "%%%", "name=%E5%BC"] {
        let ask = borrower.ask(Method::POST, "/b/bind");
        let ask = ask.header("content-type", "application/x-www-form-urlencoded").body(body);
        let told = ask.send().await.is(400);
        assert!(told.header("content-type").starts_with("text/html"), "{}", told.text);
    }
    let big = borrower.ask(Method::POST, "/b/bind");
    let big = big.header("content-type", "application/x-www-form-urlencoded");
    big.body("a=".to_owned() + &"x".repeat(70_000)).send().await.is(413);
    let json = borrower.ask(Method::POST, "/b/bind").json(&json!({}));
    json.send().await.is(415);
}

#[tokio::test]
async fn values_of_the_wrong_form_name_their_place() {
    let house = House::new().await;
    let house = &house;
    let session = |body: Value| async move {
        let told = house.post("/v1/binding-sessions", &body).send().await;
        told.problem(422, "request.wrong_value")
    };
    for url in
        ["javascript:alert(1)", "intent://x", "http://evil.example/", "https:///x", "//x", ""]
    {
        let body = session(json!({"return_url": url})).await;
        assert_eq!(body["pointer"], "/return_url");
        assert!(url.is_empty() || !body.to_string().contains(url), "{body}");
    }
    for name in ["", "a b", "名字", "a\u{202e}b", &"x".repeat(65)] {
        assert_eq!(session(json!({"borrower_ref": name})).await["pointer"], "/borrower_ref");
    }
    let body = session(json!({"lang": "fr"})).await;
    assert_eq!(body["pointer"], "/lang");
    let told = house
        .post(
            "/v1/bindings/bind_00000000000000000000000000000000/confirm",
            &json!({"code": "12 34 5x"}),
        )
        .send()
        .await;
    assert_eq!(told.problem(422, "request.wrong_value")["pointer"], "/code");
}

#[tokio::test]
async fn an_entry_that_cannot_pass_is_refused_with_its_findings() {
    let house = House::new().await;
    let good = card("ok");
    let mut request = house.binding_request(&good).await;
    request["phone"] = json!("123");
    request["id_number"] = json!("110101198001010011");
    let told = house.post("/v1/bindings", &request).header("accept-language", "en").send().await;
    let body = told.problem(422, "entry.needs_correction");
    let fields: Vec<&Value> =
        body["findings"].as_array().unwrap().iter().map(|finding| &finding["field"]).collect();
    assert_eq!(fields, ["id_number", "phone"], "{body}");
    assert!(body["cause"].as_str().unwrap().contains('.'));
    told.names_nobody(&good);
    let mut request = house.binding_request(&good).await;
    request["consents"][0]["sha256"] = json!("0".repeat(64));
    house.post("/v1/bindings", &request).send().await.problem(422, "consent.missing");
    assert!(house.bank.lock().unwrap().bank().entries().is_empty(), "nothing went to the bank");
}

#[tokio::test]
async fn steps_out_of_order() {
    let house = House::new().await;
    let good = card("ok");
    let request = house.binding_request(&good).await;
    let binding = house.post("/v1/bindings", &request).send().await.is(201).json();
    let path = format!("/v1/bindings/{}", binding["id"].as_str().unwrap());
    let early = house.post(&format!("{path}/resend"), &json!({})).send().await;
    assert!(early.header("retry-after").parse::<u32>().is_ok_and(|s| s > 0), "{}", early.text);
    let body = early.problem(409, "state.not_possible");
    // Whose turn it is comes from the cause, not from the kind of error.
    assert_eq!(body["cause"], "code.resend_too_early");
    assert_eq!(
        (&body["actor"], &body["next_step"]),
        (&json!("borrower"), &json!("request_new_code"))
    );
    assert_eq!(body["retry"], "after");
    house.post(&format!("{path}/cancel"), &json!({})).send().await.is(200);
    let late = house.post(&format!("{path}/confirm"), &json!({"code": "123456"})).send().await;
    let body = late.problem(409, "state.not_possible");
    assert!(body["detail"].as_str().unwrap().contains("cancelled"), "{body}");
    house
        .post(&format!("{path}/cancel"), &json!({}))
        .send()
        .await
        .problem(409, "state.not_possible");
}

#[tokio::test]
async fn whoever_knocks_too_often_waits() {
    let house = House::with(|settings| {
        settings.key_rate = Rate { per_minute: 60, burst: 3 };
        settings.page_rate = Rate { per_minute: 60, burst: 2 };
    })
    .await;
    let list = || house.api(Method::GET, "/v1/channels").send();
    for _ in 0..3 {
        list().await.is(200);
    }
    let told = list().await;
    assert_eq!(told.header("retry-after"), "1");
    assert_eq!(told.problem(429, "limit.too_many")["retry_after"], 1);
    house.later(1_000);
    list().await.is(200);
    house.later(60_000);
    let mut borrower = Borrower::arrives(&house).await;
    for _ in 0..2 {
        borrower.submit("/b/bind", &[]).await;
        assert_eq!(borrower.page.status, 422);
    }
    borrower.submit("/b/bind", &[]).await;
    assert_eq!(borrower.page.status, 429);
    borrower.sees("提交太频繁");
}

#[tokio::test]
async fn notifications_nobody_signed() {
    let house = House::new().await;
    for (channel, body) in [("unionpay", "a=b"), ("unionpay", ""), ("unionpay", "\u{0}&=&=")] {
        let ask = house.ask(Method::POST, &format!("/notify/{channel}"));
        let ask = ask.header("content-type", "application/x-www-form-urlencoded").body(body);
        let told = ask.send().await;
        assert!(told.status.is_client_error(), "{} {}", told.status, told.text);
    }
    house.ask(Method::POST, "/notify/nobody").send().await.problem(404, "resource.not_found");
}
