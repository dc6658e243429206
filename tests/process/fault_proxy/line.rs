//! One end of a connection of the fault proxy: whole messages of HTTP/1.1 in, bytes out.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Shared;

/// How often somebody who waits for the other side to give up looks whether all is over.
const LOOK: Duration = Duration::from_millis(20);

/// What a message is; it decides where one without a length ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Without a length it has no body.
    Request,
    /// Without a length it ends with the connection.
    Answer,
}

/// One end. It is closed when it is dropped, or when the proxy is.
pub(super) struct Line {
    stream: TcpStream,
    /// What was read beyond the messages taken so far.
    read: Vec<u8>,
    number: u64,
    shared: Arc<Shared>,
}

impl Line {
    /// `None` when the proxy has ended meanwhile.
    pub(super) fn new(shared: &Arc<Shared>, stream: TcpStream) -> Option<Self> {
        let other = stream.try_clone().ok()?;
        stream.set_nodelay(true).ok()?;
        let mut state = shared.state.lock().unwrap();
        if state.stopped {
            return None;
        }
        state.opened += 1;
        let number = state.opened;
        state.open.insert(number, other);
        shared.changed.notify_all();
        Some(Self { stream, read: Vec::new(), number, shared: Arc::clone(shared) })
    }

    /// The next whole message; `None` when the connection ends before.
    pub(super) fn message(&mut self, kind: Kind) -> Option<Vec<u8>> {
        let mut piece = [0; 16 * 1024];
        let mut ended = false;
        loop {
            if let Some(length) = length(&self.read, kind, ended) {
                return Some(self.read.drain(..length).collect());
            }
            if ended {
                return None;
            }
            match self.stream.read(&mut piece) {
                Ok(0) => ended = true,
                Ok(count) => self.read.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }

    /// Says whether the bytes could be written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Gives an answer, if there is one, and says whether the connection goes on after it.
    pub(super) fn give(&mut self, answer: Option<&[u8]>) -> bool {
        answer.is_some_and(|answer| self.write(answer) && !closes(answer))
    }

    /// Says nothing until the other side closes, or `over`.
    pub(super) fn until_given_up(&mut self, over: impl Fn() -> bool) {
        let mut piece = [0; 1024];
        if self.stream.set_read_timeout(Some(LOOK)).is_err() {
            return;
        }
        while !over() {
            match self.stream.read(&mut piece) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return,
                },
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner).open.remove(&self.number);
    }
}

/// Whether the connection ends with this answer.
pub(super) fn closes(answer: &[u8]) -> bool {
    let head = head(answer).unwrap_or_default();
    head.contains("\r\nconnection: close") || length(answer, Kind::Answer, false).is_none()
}

/// How many bytes the message has that these begin with, as far as that can be seen by now.
fn length(bytes: &[u8], kind: Kind, ended: bool) -> Option<usize> {
    let head = head(bytes)?;
    let begins = head.len();
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    if let Some(length) = value("content-length:") {
        let length = begins + length.trim().parse::<usize>().ok()?;
        return (bytes.len() >= length).then_some(length);
    }
    if head.contains("\r\ntransfer-encoding: chunked") {
        // The end of the head stands before the last chunk where that is the only one.
        let last = find(&bytes[begins - 2..], b"\r\n0\r\n\r\n")?;
        return Some(begins - 2 + last + 7);
    }
    let status = head.split(' ').nth(1).unwrap_or_default();
    let has_none = kind == Kind::Request || matches!(status, "204" | "304");
    match has_none {
        true => Some(begins),
        false => ended.then_some(bytes.len()),
    }
}

/// The head of a message with the empty line behind it, in small letters.
fn head(bytes: &[u8]) -> Option<String> {
    let end = find(bytes, b"\r\n\r\n")? + 4;
    let head = &bytes[..end];
    head.is_ascii().then(|| String::from_utf8_lossy(head).to_ascii_lowercase())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_it_says() {
        let seen = |text: &str, kind, ended| length(text.as_bytes(), kind, ended);
        let post = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(seen(post, Kind::Request, false), Some(post.len()));
        assert_eq!(seen(post.strip_suffix('c').unwrap(), Kind::Request, true), None);
        assert_eq!(seen(&format!("{post}GET"), Kind::Request, false), Some(post.len()));
        let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(seen(get, Kind::Request, false), Some(get.len()));
        assert_eq!(seen("GET / HTTP/1.1\r\n", Kind::Request, true), None);
        let bare = "HTTP/1.1 200 OK\r\n\r\nabc";
        assert_eq!(seen(bare, Kind::Answer, false), None);
        assert_eq!(seen(bare, Kind::Answer, true), Some(bare.len()));
        let empty = "HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(seen(empty, Kind::Answer, false), Some(empty.len()));
        for chunks in ["0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"] {
            let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            assert_eq!(seen(&chunked, Kind::Answer, false), Some(chunked.len()));
            let part = chunked.strip_suffix('\n').unwrap();
            assert_eq!(seen(part, Kind::Answer, true), None);
        }
    }

    #[test]
    fn a_connection_ends_with_an_answer_that_says_so_or_cannot_end_otherwise() {
        let closed = |text: &str| closes(text.as_bytes());
        assert!(closed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        assert!(closed("HTTP/1.1 200 OK\r\n\r\nabc"));
        assert!(!closed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    }
}
