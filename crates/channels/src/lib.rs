//! Adapters: sans-IO codecs and a profile each.
//!
//! A codec turns a request into bytes and bytes into a reply. This crate opens no socket, reads no
//! clock and draws no random number of its own, except inside RSA padding, which the library draws.

pub mod acp;
pub mod agreements;
pub mod exchange;
pub mod http;
pub mod profile;
pub mod request;
pub mod statement;

pub use exchange::{
    Acknowledgement, Booked, Context, EncryptionCertificate, Exchange, Notice, OrderIdentity,
    Reply, Sent, Token, Unencodable, UnencodableWhy, Unreadable,
};
pub use http::{HttpRequest, HttpResponse, Method};
pub use profile::Profile;
pub use request::{CompanyAccount, Elements, Payee, Product, Request};
