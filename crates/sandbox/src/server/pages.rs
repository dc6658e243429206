//! Two small pages for people who try the sandbox: the inbox with its codes, and the cards. Server
//! rendered, without any script. All data on them is invented.

use std::fmt::Write as _;

use super::views::{Inbox, Message};
use crate::cards::{self, MagicCard};

/// The codes that arrived, newest first. Phones are masked as on a lock screen.
pub(super) fn inbox(inbox: &Inbox) -> String {
    let mut body = String::new();
    if inbox.messages.is_empty() {
        body.push_str("<p class=\"empty\">还没有短信。No messages yet.</p>");
    } else {
        body.push_str("<ol class=\"messages\">");
        for message in &inbox.messages {
            write_message(&mut body, message);
        }
        body.push_str("</ol>");
    }
    body.push_str(
        "<p class=\"hint\">验证码 <b>111111</b> 总是通过，<b>123456</b> 与 <b>654321</b> 总不通过。\
         Code 111111 always passes, 123456 and 654321 never do.</p>",
    );
    frame("短信收件箱 · Inbox", &body)
}

/// Every magic card and what it will do, by what happens.
pub(super) fn cards() -> String {
    let mut body = String::new();
    for (group, cards) in cards::by_group() {
        let (zh, en) = group.title();
        let _ = write!(
            body,
            "<h2>{zh} <small>{en}</small></h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
             aria-label=\"{zh}\"><table>\
             <thead><tr><th scope=\"col\">卡号 Number</th><th scope=\"col\">姓名 Name</th>\
             <th scope=\"col\">证件号 ID</th><th scope=\"col\">手机号 Phone</th>\
             <th scope=\"col\">会发生什么 What it will do</th></tr></thead><tbody>",
        );
        for card in &cards {
            write_card(&mut body, card);
        }
        body.push_str("</tbody></table></div>");
    }
    frame("测试卡 · Cards", &body)
}

fn write_card(out: &mut String, card: &MagicCard) {
    let _ = write!(
        out,
        "<tr><td><code>{}</code><br><small>{}</small></td><td>{}</td><td><code>{}</code></td>\
         <td><code>{}</code></td><td>{}<br><small>{}</small></td></tr>",
        escape(&card.number),
        escape(&card.slug),
        escape(&card.name),
        escape(&card.id_number),
        escape(&card.phone),
        escape(&card.will_do.zh),
        escape(&card.will_do.en),
    );
}

fn write_message(out: &mut String, message: &Message) {
    let state = if message.valid { "有效 valid" } else { "已失效 void" };
    let class = if message.valid { "valid" } else { "void" };
    let time = message.at.get(11..19).unwrap_or(&message.at);
    let _ = write!(
        out,
        "<li class=\"{class}\"><p class=\"from\">{} <time datetime=\"{}\">{}</time></p>\
         <p>【沙箱银行】验证码 <strong>{}</strong>，用于尾号 {} 的银行卡{}，5 分钟内有效。\
         请勿告诉他人。</p><p class=\"state\">{state}</p></li>",
        escape(&masked(&message.phone)),
        escape(&message.at),
        escape(time),
        escape(&message.code),
        escape(&message.card_last4),
        purpose(message),
    );
}

fn purpose(message: &Message) -> String {
    match message.amount_fen {
        None => "绑定".to_owned(),
        Some(fen) => format!("付款 {}.{:02} 元", fen / 100, fen % 100),
    }
}

fn masked(phone: &str) -> String {
    match (phone.get(..3), phone.get(7..)) {
        (Some(head), Some(tail)) => format!("{head} **** {tail}"),
        _ => "***".to_owned(),
    }
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>\
         <header><p>沙箱银行 Sandbox bank</p><nav aria-label=\"沙箱 Sandbox\">\
         <a href=\"/inbox\">收件箱 Inbox</a> <a href=\"/cards\">测试卡 Cards</a> \
         <a href=\"/ledger\">账本 Ledger</a></nav></header>\
         <main><h1>{title}</h1>{body}</main></body></html>"
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
