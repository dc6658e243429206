//! The bank's books on disk: one JSON line for each entry, appended before the answer leaves and
//! read again at the next start. No clear value stands in it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::bank::Entry;

/// An open journal.
pub(super) struct Journal(File);

impl Journal {
    /// Opens or makes a journal and reads what stands in it. A last line that was cut off by a
    /// crash was never answered for: it is dropped.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Entry>)> {
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).truncate(false).open(path)?;
        let mut entries = Vec::new();
        let mut good_bytes: u64 = 0;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        loop {
            line.clear();
            let length = reader.read_line(&mut line)?;
            if length == 0 || !line.ends_with('\n') {
                break;
            }
            let entry = serde_json::from_str(&line).map_err(|error| {
                let place = entries.len() + 1;
                io::Error::other(format!("the journal's line {place} is damaged: {error}"))
            })?;
            entries.push(entry);
            good_bytes += u64::try_from(length).map_err(io::Error::other)?;
        }
        drop(reader);
        file.set_len(good_bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self(file), entries))
    }

    /// Appends entries. They reach the system before this returns, so that they outlive the
    /// process; a power cut may take the last ones, which is good enough for invented money.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        self.0.write_all(&lines)
    }
}

#[cfg(test)]
mod tests {
    use mingka_domain::time::Timestamp;

    use super::*;
    use crate::bank::{Kind, OrderKey, Outcome};

    #[test]
    fn a_torn_line_is_dropped_and_a_damaged_one_is_named() {
        let folder = crate::scratch::Folder::new("journal");
        let path = folder.path().join("journal.jsonl");
        let order = OrderKey {
            merchant: "777290058146592".to_owned(),
            order_id: "binding1".to_owned(),
            txn_time: "20261122120000".to_owned(),
        };
        let at = Timestamp::from_millis(1);
        let entry = Entry::new(at, &order, Kind::CodeSent, "ok", Outcome::Done);
        let (mut journal, entries) = Journal::open(&path).unwrap();
        assert!(entries.is_empty());
        journal.append(&[entry.clone(), entry.clone()]).unwrap();
        journal.0.write_all(b"{\"sequence\":3,\"at").unwrap();
        drop(journal);

        let (mut journal, entries) = Journal::open(&path).unwrap();
        assert_eq!(entries, [entry.clone(), entry.clone()]);
        journal.append(std::slice::from_ref(&entry)).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().1.len(), 3);

        std::fs::write(&path, "{}\n").unwrap();
        assert!(Journal::open(&path).err().unwrap().to_string().contains("line 1"));
    }
}
